use std::{
    fs::File,
    path::{Path, PathBuf},
};

use audit::Origin;
use clap::{Args, Subcommand};
use learning::{
    App,
    courses::{self, Finding, NewVersion, OpenError, Severity, Version},
};
use records::{Employer, Permission, Permit};

use super::{Ended, Failed, opened::Opened};

#[derive(Debug, Subcommand)]
pub(super) enum Course {
    /// Check a package (SCORM 1.2 or 2004) and take it in as the next version of a course. The same package makes no second version.
    Import(Import),
    /// From now on, whoever begins the course begins this version.
    Publish(Which),
    /// Nobody begins this version any more. Who is in it goes on.
    Retire(Which),
    /// List an employer's courses and their versions.
    List(List),
}

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The package: a zip file.
    file: PathBuf,
    /// The employer's three digits.
    #[arg(long, value_name = "CODE")]
    employer: String,
    /// The course's code: letters, digits, hyphens, underscores, full stops. The file's name unless given.
    #[arg(long, value_name = "CODE")]
    course: Option<String>,
    /// The course's title; what the package says unless given.
    #[arg(long)]
    title: Option<String>,
    /// What it is about.
    #[arg(long)]
    description: Option<String>,
    /// How many minutes it takes.
    #[arg(long)]
    minutes: Option<i64>,
    /// What it was tried on, in words.
    #[arg(long, default_value = "")]
    tested_on: String,
    /// Publish it at once.
    #[arg(long)]
    publish: bool,
}

#[derive(Debug, Args)]
pub(super) struct Which {
    /// The course's code.
    code: String,
    /// The employer's three digits.
    #[arg(long, value_name = "CODE")]
    employer: String,
    /// The version's number; to publish the newest, to retire the published one unless given.
    #[arg(long, value_name = "NUMBER")]
    version: Option<i64>,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// The employer's three digits.
    #[arg(long, value_name = "CODE")]
    employer: String,
}

impl Course {
    pub(super) async fn run(self, path: &Path) -> Result<Ended, Failed> {
        let opened = Opened::new(path).await?;
        let app = opened.learning()?;
        let ended = match self {
            Self::Import(import) => {
                let employer = opened.employer(&import.employer).await?;
                import.run(&app, &employer).await
            }
            Self::Publish(which) => {
                let employer = opened.employer(&which.employer).await?;
                which.publish(&app, &employer).await
            }
            Self::Retire(which) => {
                let employer = opened.employer(&which.employer).await?;
                which.retire(&app, &employer).await
            }
            Self::List(list) => {
                let employer = opened.employer(&list.employer).await?;
                say_all(&app, &employer).await
            }
        };
        opened.close().await?;
        ended
    }
}

fn permit(employer: &Employer) -> Permit {
    Permit::operator(Permission::PublishCourses, employer.id)
}

impl Import {
    async fn run(self, app: &App, employer: &Employer) -> Result<Ended, Failed> {
        let name = self.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let stem = self.file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let refused = |error: &dyn std::fmt::Display| {
            Failed(format!("{} was not taken in: {error}", self.file.display()))
        };
        let file = File::open(&self.file).map_err(|error| refused(&error))?;
        let contents = match courses::open(app, file).await {
            Ok(contents) => contents,
            Err(OpenError::Refused(refused)) => {
                say_findings(&refused.findings);
                say!("{} was not taken in, since it has errors.", self.file.display());
                return Ok(Ended::Found);
            }
            Err(OpenError::Io(error)) => return Err(refused(&error)),
        };
        let (title, files) = (contents.manifest.title.clone(), contents.paths.len());
        say_findings(&contents.findings);
        let new = NewVersion {
            code: self.course.clone().unwrap_or(stem),
            title: self.title.clone(),
            description: self.description.clone(),
            minutes: self.minutes,
            tested_on: self.tested_on.clone(),
            file_name: name,
        };
        let code = new.code.trim().to_owned();
        let permit = permit(employer);
        let imported = courses::import(app, &permit, new, contents, Origin::default())
            .await
            .map_err(|error| refused(&error))?;
        if imported.is_new {
            say!("Taken in: {code} version {} ({title}, {files} files)", imported.number);
        } else {
            say!("There already: {code} version {} is this very package.", imported.number);
        }
        if self.publish {
            courses::publish(app, &permit, imported.version, Origin::default())
                .await
                .map_err(Failed::because)?;
            say!("Published: {code} version {}", imported.number);
        }
        Ok(Ended::Done)
    }
}

fn say_findings(findings: &[Finding]) {
    for finding in findings {
        match finding.severity {
            Severity::Error => say!("  error    {finding}"),
            Severity::Warning => say!("  warning  {finding}"),
        }
    }
}

impl Which {
    async fn found(&self, app: &App, employer: &Employer) -> Result<(courses::Course, Vec<Version>), Failed> {
        let mut reader = app.db.read().await.map_err(Failed::because)?;
        let course = courses::course_by_code(&mut reader.tx(), employer.id, &self.code)
            .await
            .map_err(Failed::because)?
            .ok_or_else(|| Failed(format!("There is no course {} at {}.", self.code, employer.code)))?;
        let versions = courses::versions(&mut reader.tx(), course.id).await.map_err(Failed::because)?;
        Ok((course, versions))
    }

    fn version<'v>(
        &self,
        versions: &'v [Version],
        usual: Option<&'v Version>,
    ) -> Result<&'v Version, Failed> {
        let found = match self.version {
            Some(number) => versions.iter().find(|version| version.number == number),
            None => usual,
        };
        found.ok_or_else(|| match self.version {
            Some(number) => Failed(format!("{} has no version {number}.", self.code)),
            None => Failed(format!("{} has no such version.", self.code)),
        })
    }

    async fn publish(self, app: &App, employer: &Employer) -> Result<Ended, Failed> {
        let (_, versions) = self.found(app, employer).await?;
        let version = self.version(&versions, versions.first())?;
        courses::publish(app, &permit(employer), version.id, Origin::default())
            .await
            .map_err(Failed::because)?;
        say!("Published: {} version {}", self.code, version.number);
        Ok(Ended::Done)
    }

    async fn retire(self, app: &App, employer: &Employer) -> Result<Ended, Failed> {
        let (course, versions) = self.found(app, employer).await?;
        let current = versions.iter().find(|version| Some(version.id) == course.current_version);
        let version = self.version(&versions, current)?;
        courses::retire(app, &permit(employer), version.id, Origin::default())
            .await
            .map_err(Failed::because)?;
        say!("Retired: {} version {}", self.code, version.number);
        Ok(Ended::Done)
    }
}

async fn say_all(app: &App, employer: &Employer) -> Result<Ended, Failed> {
    let mut reader = app.db.read().await.map_err(Failed::because)?;
    let mut last: Option<courses::Course> = None;
    loop {
        let page = courses::of_employer(&mut reader.tx(), employer.id, last.as_ref())
            .await
            .map_err(Failed::because)?;
        for course in &page {
            say!("{}  {}", course.code, course.title);
            for version in courses::versions(&mut reader.tx(), course.id).await.map_err(Failed::because)? {
                say!(
                    "  version {}  {}  {}  {}",
                    version.number,
                    version.state,
                    version.standard,
                    version.file_name
                );
            }
        }
        match page.into_iter().next_back() {
            Some(course) => last = Some(course),
            None => return Ok(Ended::Done),
        }
    }
}
