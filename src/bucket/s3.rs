//! Objects in S3 or what speaks like it, through aws-sdk-s3.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};

use super::{Body, Error, Headers, Listed, Object, Put, Settings, When};

#[derive(Clone)]
pub struct S3 {
    client: Client,
    bucket: String,
    prefix: String,
    /// Where it is, for messages.
    at: String,
}

impl S3 {
    pub(super) async fn open(settings: &Settings) -> Result<S3, Error> {
        let http = aws_smithy_http_client::Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https();
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(http)
            .timeout_config(TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).read_timeout(Duration::from_secs(60)).build())
            .retry_config(RetryConfig::standard().with_max_attempts(4))
            // Services other than Amazon's know no trailing checksums.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        if let Some(endpoint) = &settings.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if let Some(region) = region(settings) {
            loader = loader.region(Region::new(region));
        }
        if let (Some(access), Some(secret)) = (&settings.access_key, &settings.secret_key) {
            loader = loader.credentials_provider(Credentials::new(access, secret, settings.session_token.clone(), None, "deploy_bucket"));
        }
        let config = loader.load().await;
        if config.region().is_none() {
            let error = Error::new(format!("the region of bucket {} is not known", settings.name));
            return Err(error.help("set deploy_bucket.region, or AWS_REGION"));
        }
        let builder = aws_sdk_s3::config::Builder::from(&config).force_path_style(settings.path_style);
        let at = settings.endpoint.clone().unwrap_or_else(|| "Amazon S3".into());
        Ok(S3 { client: Client::from_conf(builder.build()), bucket: settings.name.clone(), prefix: settings.prefix.clone(), at })
    }

    pub(super) fn label(&self) -> String {
        format!("bucket {} at {}", self.bucket, self.at)
    }

    pub(super) async fn get(&self, name: &str) -> Result<Option<Object>, Error> {
        let answer = match self.client.get_object().bucket(&self.bucket).key(self.key(name)).send().await {
            Ok(answer) => answer,
            Err(error) if code(&error) == "NoSuchKey" => return Ok(None),
            Err(error) => return Err(self.explain("read", name, &error)),
        };
        let tag = answer.e_tag.unwrap_or_default();
        let body = answer.body.collect().await.map_err(|error| Error::new(format!("cannot read {name} of {}: {error}", self.label())))?;
        Ok(Some(Object { bytes: body.to_vec(), tag }))
    }

    pub(super) async fn headers(&self, name: &str) -> Result<Option<Headers>, Error> {
        match self.client.head_object().bucket(&self.bucket).key(self.key(name)).send().await {
            Ok(head) => Ok(Some(Headers {
                sha256: head.metadata().and_then(|all| all.get("sha256")).cloned().unwrap_or_default(),
                content_type: head.content_type.unwrap_or_default(),
                cache_control: head.cache_control.unwrap_or_default(),
            })),
            // A HEAD has no body that could tell a missing object from a missing bucket: LIST and GET do.
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(self.explain("look at", name, &error)),
        }
    }

    pub(super) async fn put(&self, name: &str, body: &Body, headers: &Headers, when: &When) -> Result<Put, Error> {
        let content = match body {
            Body::Bytes(bytes) => ByteStream::from(bytes.clone()),
            Body::File(path) => {
                ByteStream::from_path(path).await.map_err(|error| Error::new(format!("cannot read {}: {error}", path.display())))?
            }
        };
        let mut put = self.client.put_object().bucket(&self.bucket).key(self.key(name)).body(content);
        put = put.content_type(&headers.content_type).cache_control(&headers.cache_control);
        if !headers.sha256.is_empty() {
            put = put.metadata("sha256", &headers.sha256);
        }
        put = match when {
            When::Always => put,
            When::Absent => put.if_none_match("*"),
            When::Unchanged(tag) => put.if_match(tag),
        };
        match put.send().await {
            Ok(answer) => Ok(Put::Done(answer.e_tag.unwrap_or_default())),
            // docs.aws.amazon.com, "Conditional writes": 412 where the condition fails, 409 where another write came between,
            // 404 for If-Match on what is gone.
            Err(error) if matches!(status(&error), Some(412 | 409)) => Ok(Put::Refused),
            Err(error) if matches!(when, When::Unchanged(_)) && code(&error) == "NoSuchKey" => Ok(Put::Refused),
            Err(error) => Err(self.explain("write", name, &error)),
        }
    }

    pub(super) async fn list(&self, begin: &str) -> Result<Vec<Listed>, Error> {
        let mut pages = self.client.list_objects_v2().bucket(&self.bucket).prefix(self.key(begin)).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.explain("list", begin, &error))?;
            for object in page.contents.unwrap_or_default() {
                let name = object.key.unwrap_or_default();
                let size = u64::try_from(object.size.unwrap_or_default()).unwrap_or_default();
                found.extend(name.strip_prefix(&self.prefix).map(|name| Listed { name: name.to_owned(), size }));
            }
        }
        Ok(found)
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// A sentence for what went wrong. Built from codes and our own words: the SDK's texts may quote a request.
    fn explain<E: ProvideErrorMetadata + std::error::Error + 'static>(&self, what: &str, name: &str, error: &SdkError<E>) -> Error {
        let label = self.label();
        let failed = if name.is_empty() { format!("cannot {what} {label}") } else { format!("cannot {what} {name} of {label}") };
        match error {
            SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => {
                let why = failure.as_connector_error().map(|error| root(error)).unwrap_or_default();
                return Error::new(format!("{} does not answer: {why}", self.at))
                    .help("check deploy_bucket.endpoint, and that the service runs");
            }
            SdkError::TimeoutError(_) => {
                return Error::new(format!("{} does not answer in time", self.at))
                    .help("check deploy_bucket.endpoint, and that the service runs");
            }
            SdkError::ServiceError(_) | SdkError::ResponseError(_) => {}
            other => {
                let why = root(other);
                if why.contains("credentials") || why.contains("identity") {
                    return Error::new(format!("there are no credentials for {label}"))
                        .help("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or deploy_bucket.access_key and secret_key");
                }
                return Error::new(format!("{failed}: {why}"));
            }
        }
        match (code(error), status(error)) {
            ("NoSuchBucket", _) => Error::new(format!("there is no {label}")).help("make it, or correct deploy_bucket.name"),
            ("InvalidAccessKeyId", _) => {
                Error::new(format!("{label} does not know the access key")).help("check deploy_bucket.access_key, or the AWS environment")
            }
            ("SignatureDoesNotMatch", _) => {
                Error::new(format!("{label} does not accept the secret key")).help("check deploy_bucket.secret_key and region")
            }
            ("RequestTimeTooSkewed", _) => Error::new(format!("{label} refuses: the clock of this machine is wrong")).help("set the clock"),
            ("ExpiredToken" | "TokenRefreshRequired", _) => {
                Error::new(format!("the credentials for {label} have expired")).help("log in again")
            }
            ("PermanentRedirect" | "AuthorizationHeaderMalformed", _) => {
                Error::new(format!("{label} is in another region")).help("correct deploy_bucket.region")
            }
            ("AccessDenied", _) | (_, Some(403)) => Error::new(format!("{failed}: access denied"))
                .help("the credentials need s3:ListBucket, s3:GetObject and s3:PutObject there"),
            (code, Some(status)) => {
                Error::new(format!("{failed}: {} ({status})", if code.is_empty() { "the service refused" } else { code }))
            }
            (code, None) => Error::new(format!("{failed}: {code}")),
        }
    }
}

/// As set; for a service of one's own the environment's or any: it mostly ignores it, but the signature needs one, and
/// asking the machine's metadata service for it would take seconds.
fn region(settings: &Settings) -> Option<String> {
    let set = settings.region.clone();
    let environment = || ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(|name| std::env::var(name).ok());
    let any = || environment().unwrap_or_else(|| "us-east-1".into());
    set.or_else(|| settings.endpoint.as_ref().map(|_| any()))
}

fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> &str {
    match error {
        SdkError::ServiceError(service) => service.err().code().unwrap_or_default(),
        _ => "",
    }
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// The innermost reason.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
