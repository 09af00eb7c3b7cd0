//! Where facts are kept between runs.

use std::time::Duration;

use crate::config::Config;
use crate::diag::Diagnostic;
use crate::vars::FactCache;

/// The cache that is asked for; none where facts are forgotten with the run.
///
/// # Errors
/// Why there is none though one is asked for.
pub(super) fn cache(config: &Config) -> Result<Option<FactCache>, Diagnostic> {
    let plugin = config.text("CACHE_PLUGIN").unwrap_or_default();
    match plugin.rsplit('.').next().unwrap_or_default() {
        "" | "memory" => return Ok(None),
        "jsonfile" => {}
        _ => {
            let warning = Diagnostic::warning(format!("Unable to load the cache plugin '{plugin}'."));
            return Err(warning.help("facts are kept by `jsonfile`, or not at all (`memory`)"));
        }
    }
    let Some(folder) = config.path("CACHE_PLUGIN_CONNECTION") else {
        let warning = Diagnostic::warning("the cache plugin 'jsonfile' has no folder: facts are not kept");
        return Err(warning.help("set `fact_caching_connection` in ansible.cfg, or ANSIBLE_CACHE_PLUGIN_CONNECTION"));
    };
    let seconds = config.number("CACHE_PLUGIN_TIMEOUT").unwrap_or(86400.0);
    let lifetime = (seconds > 0.0).then(|| Duration::from_secs_f64(seconds));
    Ok(Some(FactCache::new(folder, config.text("CACHE_PLUGIN_PREFIX").unwrap_or_default(), lifetime)))
}
