use std::path::Path;

use audit::Origin;
use clap::{Args, Subcommand};
use records::{EmployerError, NewEmployer, Settings};
use serde_json::Value;

use super::{Ended, Failed, opened::Opened};

#[derive(Debug, Subcommand)]
pub(super) enum Employer {
    /// Add an employer.
    Add(Change),
    /// Change an employer's name or settings.
    Set(Change),
    /// Show an employer's settings, as keys that `--set` takes.
    Show {
        /// Three digits.
        code: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Change {
    /// Three digits.
    code: String,
    /// The employer's name.
    #[arg(long)]
    name: Option<String>,
    /// A setting, such as `service_desk.phone="01234 567890"`, `mail_domains=nhs.net,example.nhs.uk`, `networks=10.1.0.0/16`,
    /// `policies.internet_access=hr` or `local_links=[{"title":"…","address":"https://…"}]`. Repeat for more.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

impl Employer {
    pub(super) async fn run(self, path: &Path) -> Result<Ended, Failed> {
        let opened = Opened::new(path).await?;
        let now = opened.clock.now();
        match self {
            Self::Add(change) => {
                let name = change
                    .name
                    .clone()
                    .ok_or_else(|| Failed("An employer needs a name: --name \"…\".".into()))?;
                let settings = with(&Settings::default(), &change.settings)?;
                let new = NewEmployer { code: change.code, name, settings };
                let added =
                    records::employer_add(&opened.db, &opened.entropy, now, new, Origin::default()).await;
                let added = added.map_err(|error| refused(&error))?;
                say!("Added: {} {}", added.code, added.name);
                missing(&added.settings);
            }
            Self::Set(change) => {
                let employer = opened.employer(&change.code).await?;
                let settings = with(&employer.settings, &change.settings)?;
                let name = change.name.unwrap_or_else(|| employer.name.clone());
                let set = records::employer_set(
                    &opened.db,
                    &opened.entropy,
                    now,
                    employer,
                    name,
                    settings,
                    Origin::default(),
                )
                .await;
                let set = set.map_err(|error| refused(&error))?;
                say!("Set: {} {}", set.code, set.name);
                missing(&set.settings);
            }
            Self::Show { code } => {
                let employer = opened.employer(&code).await?;
                say!("{} {}", employer.code, employer.name);
                let value = all(&employer.settings)?;
                show("", &value);
            }
        }
        opened.close().await?;
        Ok(Ended::Done)
    }
}

fn refused(error: &EmployerError) -> Failed {
    match error {
        EmployerError::Invalid(faults) => {
            let lines: Vec<String> = faults.iter().map(|fault| format!("  {fault}")).collect();
            Failed(format!("Nothing was changed:\n{}", lines.join("\n")))
        }
        other => Failed::because(other),
    }
}

/// What staff will miss.
fn missing(settings: &Settings) {
    if settings.mail_domains.is_empty() {
        say!("Note: no mail domain is set, so nobody can be mailed: --set mail_domains=nhs.net");
    }
    if settings.service_desk.phone.is_empty() {
        say!(
            "Note: no service desk is set: --set service_desk.name=\"…\" --set service_desk.phone=\"…\" --set service_desk.hours=\"…\""
        );
    }
}

/// The settings with changes made to them, each `key.key=value`.
fn with(settings: &Settings, changes: &[String]) -> Result<Settings, Failed> {
    let made =
        |changes: &mut dyn Iterator<Item = &String>| -> Result<Result<Settings, serde_json::Error>, Failed> {
            let mut value = all(settings)?;
            for change in changes {
                let (key, text) =
                    change.split_once('=').ok_or_else(|| Failed(format!("{change:?}: write KEY=VALUE.")))?;
                set(&mut value, key, text)?;
            }
            Ok(serde_json::from_value(value))
        };
    let error = match made(&mut changes.iter())? {
        Ok(settings) => return Ok(settings),
        Err(error) => error,
    };
    // It does not say which change it is about: the one without which all is well.
    for change in changes {
        if made(&mut changes.iter().filter(|other| *other != change))?.is_ok() {
            return Err(Failed(format!("Nothing was changed: {change}: {error}.")));
        }
    }
    Err(Failed(format!("Nothing was changed: {error}.")))
}

/// All settings, also those that are left out where they are not set.
fn all(settings: &Settings) -> Result<Value, Failed> {
    let mut value = serde_json::to_value(settings).map_err(Failed::because)?;
    if let Value::Object(fields) = &mut value {
        for key in ["message", "logo"] {
            fields.entry(key).or_insert(Value::Null);
        }
        let years = Value::from(settings.policies.leavers_years);
        if let Some(Value::Object(policies)) = fields.get_mut("policies") {
            policies.entry("payslips_two_persons").or_insert(Value::Bool(false));
            policies.entry("leavers_years").or_insert(years);
        }
    }
    Ok(value)
}

fn set(whole: &mut Value, key: &str, text: &str) -> Result<(), Failed> {
    let all = keys("", whole);
    let mut place = whole;
    for part in key.split('.') {
        // Optional tables are absent until something of them is set.
        if place.is_null() {
            *place = Value::Object(serde_json::Map::new());
        }
        let optional = matches!(key.split('.').next(), Some("it_service_desk" | "learning"));
        let known = place.as_object_mut().ok_or_else(|| unknown(key, &all))?;
        place = match known.get_mut(part) {
            Some(_) => known.get_mut(part).ok_or_else(|| unknown(key, &all))?,
            None if optional => known.entry(part).or_insert(Value::String(String::new())),
            None => return Err(unknown(key, &all)),
        };
    }
    *place = match &*place {
        // As `show` writes an optional table that is not set.
        _ if matches!(key, "it_service_desk" | "learning" | "message" | "logo") && text.is_empty() => {
            Value::Null
        }
        _ if text.starts_with(['[', '{']) => {
            serde_json::from_str(text).map_err(|error| Failed(format!("{key}: {error}")))?
        }
        Value::Array(_) => {
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect()
        }
        Value::Number(_) => text
            .trim()
            .parse::<u32>()
            .map(Value::from)
            .map_err(|_| Failed(format!("{key}: {text:?} is no whole number")))?,
        Value::Bool(_) => text
            .trim()
            .parse::<bool>()
            .map(Value::from)
            .map_err(|_| Failed(format!("{key}: write true or false")))?,
        _ => Value::from(text),
    };
    Ok(())
}

fn unknown(key: &str, known: &[String]) -> Failed {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let distance = |known: &String| strsim::damerau_levenshtein(&last(key), &last(known));
    let near = |known: &&String| distance(known) <= last(key).len().max(3) / 2;
    let nearest = known.iter().filter(near).min_by_key(|known| distance(known));
    let hint = nearest.map(|known| format!(" Did you mean {known}?")).unwrap_or_default();
    Failed(format!("There is no setting {key}.{hint} `staffrecord employer show CODE` lists them."))
}

/// All keys below `path`, tables' own among them.
fn keys(path: &str, value: &Value) -> Vec<String> {
    let Value::Object(fields) = value else { return Vec::new() };
    let below = |(name, value): (&String, &Value)| {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let mut found = keys(&path, value);
        found.push(path);
        found
    };
    fields.iter().flat_map(below).collect()
}

fn show(path: &str, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                show(&path, value);
            }
        }
        Value::String(text) => say!("{path}={text}"),
        Value::Null => say!("{path}="),
        other => say!("{path}={other}"),
    }
}

#[cfg(test)]
mod tests {
    use records::Settings;

    use super::with;

    fn changed(changes: &[&str]) -> Result<Settings, String> {
        let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
        with(&Settings::default(), &changes).map_err(|error| error.to_string())
    }

    #[test]
    fn settings_are_set_by_their_keys() {
        let settings = changed(&[
            "service_desk.phone=01234 567890",
            "mail_domains=nhs.net, example.nhs.uk",
            "networks=10.0.0.0/8",
            "policies.internet_access=hr",
            "policies.password_length=20",
            "policies.roles_from_outside=true",
            "policies.payslips_two_persons=true",
            "policies.leavers_years=3",
            "learning.message=It is recommended",
            "learning.homepage=https://learning.example",
            r#"local_links=[{"title":"PC Checker","address":"https://check.example","only_for":"hr"}]"#,
            "message=The canteen is shut",
        ])
        .unwrap();
        assert_eq!(settings.service_desk.phone, "01234 567890");
        assert_eq!(settings.mail_domains, ["nhs.net", "example.nhs.uk"]);
        assert_eq!(settings.policies.password_length, 20);
        assert!(settings.policies.payslips_two_persons);
        assert_eq!(settings.policies.leavers_years, 3);
        assert_eq!(settings.learning.unwrap().homepage, "https://learning.example");
        assert_eq!(settings.local_links[0].title, "PC Checker");
        assert_eq!(settings.local_links[0].only_for, Some(records::Role::Hr));
        assert_eq!(settings.message.as_deref(), Some("The canteen is shut"));
    }

    #[test]
    fn an_optional_table_can_be_taken_back() {
        assert_eq!(
            changed(&["learning.homepage=https://x.example", "learning.message=x", "learning="])
                .unwrap()
                .learning,
            None
        );
        assert_eq!(changed(&["message=x", "message="]).unwrap().message, None);
    }

    #[test]
    fn of_several_changes_the_wrong_one_is_named() {
        let right = ["mail_domains=nhs.net", "learning.message=x", "learning.homepage=https://x.example"];
        let error = changed(&[&right[..], &["networks=10.0.0"]].concat()).unwrap_err();
        assert!(error.contains("networks=10.0.0: "), "{error}");
    }

    #[test]
    fn a_wrong_key_or_value_is_named() {
        for (change, says) in [
            ("mail_domain=nhs.net", "Did you mean mail_domains?"),
            ("policies.lock_minute=1", "Did you mean policies.lock_minutes?"),
            ("policies.lock_minutes=many", "no whole number"),
            ("policies.roles_from_outside=perhaps", "true or false"),
            ("policies.internet_access=never", "none of automatic, hr"),
            ("lock_minutes=1", "Did you mean policies.lock_minutes?"),
            ("service_desk.fone=1", "Did you mean service_desk.phone?"),
            ("colour=blue", "no setting colour. `staffrecord"),
            ("networks=10.0.0.0/99", "Nothing was changed: networks=10.0.0.0/99: "),
            ("learning.message=Look", "learning.message=Look: missing field `homepage`"),
            ("service_desk", "KEY=VALUE"),
            ("local_links=[{", "local_links"),
        ] {
            let error = changed(&[change]).unwrap_err();
            assert!(error.contains(says), "{change}: {error}");
        }
    }
}
