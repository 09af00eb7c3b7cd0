//! `fetch`: writes here the file that the module of the same name read there.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

use super::{Action, Context, Done, Supply};
use crate::modules::Module as _;
use crate::modules::arguments::{Argument, Arguments};
use crate::modules::fetch::Fetch as Module;
use crate::plan::Failure;

/// The module's own arguments, as they are, and what they mean here.
pub(crate) struct Fetch(Map<String, Json>, Module);

impl Arguments for Fetch {
    const SUMMARY: &'static str = Module::SUMMARY;
    const ARGUMENTS: &'static [Argument] = Module::ARGUMENTS;

    fn decode(values: &Map<String, Json>) -> Result<Fetch, Failure> {
        Ok(Fetch(values.clone(), Module::decode(values)?))
    }
}

impl Action for Fetch {
    const NAME: &'static str = Module::NAME;
    const EXAMPLES: &'static str = Module::EXAMPLES;
    const RETURNS: &'static str = Module::RETURNS;
    const LOCAL: bool = false;

    async fn run(self, context: Context<'_>) -> Result<Done, Failure> {
        let Fetch(mut arguments, module) = self;
        if context.check {
            return Ok(Done { skipped: true, ..Done::default() }.with("msg", "nothing is fetched in check mode"));
        }
        let dest = module.place(&context)?;
        let have = std::fs::metadata(&dest).is_ok().then(|| Supply::File(dest.clone()).blob(0)).and_then(Result::ok);
        if let Some(have) = &have {
            arguments.insert("_have".into(), have.sha1.clone().into());
        }
        let mut answer = context.target.module(Self::NAME, arguments, Vec::new()).await?;
        let mut result: Map<String, Json> = serde_json::from_slice(&answer.result).unwrap_or_default();
        let content = result.remove("content").and_then(|content| STANDARD.decode(content.as_str()?).ok());
        if !answer.failed {
            if let Some(bytes) = content {
                let fail = |error: std::io::Error| Failure::argument("dest", format!("cannot write {}: {error}", dest.display()));
                if let Some(folder) = dest.parent() {
                    std::fs::create_dir_all(folder).map_err(fail)?;
                }
                std::fs::write(&dest, &bytes).map_err(fail)?;
                answer.changed = true;
            }
            if result.contains_key("checksum") {
                result.insert("dest".into(), json!(dest));
            }
        }
        answer.result = serde_json::to_vec(&result).unwrap_or_default();
        Ok(Done::by_module(answer))
    }
}

impl Module {
    /// Where the file goes: `dest/<host>/<src>`, or with `flat` `dest` itself.
    fn place(&self, context: &Context<'_>) -> Result<PathBuf, Failure> {
        let Some(dest) = self.dest.as_deref() else {
            return Err(Failure::argument("dest", "missing required arguments: dest"));
        };
        let playbook = context.scope.paths().folders.last().cloned().unwrap_or_default();
        let base = playbook.join(super::home(dest));
        // Its name on the host chooses no other place here.
        let mut below = self.src.components().filter_map(|part| match part {
            std::path::Component::Normal(name) => Some(name),
            _ => None,
        });
        if !self.flat {
            return Ok(base.join(context.host).join(below.collect::<PathBuf>()));
        }
        match below.next_back().filter(|_| dest.ends_with('/')) {
            Some(name) => Ok(base.join(name)),
            None if base.is_dir() => Err(Failure::argument(
                "dest",
                "dest is an existing directory, use a trailing slash if you want to fetch src into that directory",
            )),
            None => Ok(base),
        }
    }
}
