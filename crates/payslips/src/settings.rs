use serde::Deserialize;

/// The `[payslips]` table of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Whether what holds pay figures is sealed before it is stored.
    pub encrypt: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { encrypt: true }
    }
}
