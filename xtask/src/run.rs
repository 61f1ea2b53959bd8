//! Calling other programs, and what is said when that goes wrong.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

/// Why a command ended early; the text is the whole message.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something has to be installed first: exit code 2.
    Missing(String),
    /// Something was tried and did not work: exit code 1.
    Failed(String),
}

impl Failure {
    pub(crate) fn missing(message: impl Into<String>) -> Failure {
        Failure::Missing(message.into())
    }

    pub(crate) fn failed(message: impl Into<String>) -> Failure {
        Failure::Failed(message.into())
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Missing(_) => ExitCode::from(2),
            Failure::Failed(_) => ExitCode::from(1),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Missing(message) | Failure::Failed(message) => f.write_str(message),
        }
    }
}

/// The checkout that this program was started from.
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Cargo names xtask's own folder at run time, so a checkout may be moved without a rebuild.
    pub(crate) fn find() -> Result<Workspace, Failure> {
        let own = std::env::var_os("CARGO_MANIFEST_DIR")
            .ok_or_else(|| Failure::failed("Start this as `cargo xtask`, so that it finds the workspace."))?;
        let root = Path::new(&own)
            .parent()
            .ok_or_else(|| Failure::failed("xtask stands in no workspace."))?
            .to_path_buf();
        Ok(Workspace { root })
    }

    #[cfg(test)]
    pub(crate) fn at(root: &Path) -> Workspace {
        Workspace { root: root.to_path_buf() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside)
    }

    /// The cargo that started this, in the workspace's root.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root);
        cargo
    }

    /// Where cargo puts a program that it has built.
    pub(crate) fn built(&self, profile: &str, name: &str) -> PathBuf {
        let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        self.root.join(target).join(profile).join(name)
    }
}

pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    Command::new(program)
}

/// The command as one would type it.
pub(crate) fn typed(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Runs it with this terminal.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus, Failure> {
    command.status().map_err(|error| Failure::failed(format!("`{}` does not start: {error}", typed(command))))
}

/// Runs it with this terminal; anything but success is a failure.
pub(crate) fn succeed(command: &mut Command) -> Result<(), Failure> {
    let status = status(command)?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::failed(format!("`{}` failed ({status}).", typed(command))))
}

/// Whether it runs and succeeds, shown to nobody.
pub(crate) fn silent(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// What it prints, if it runs and succeeds.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The first of these programs that stands in `PATH`.
pub(crate) fn in_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
}

/// The number of a user (`-u`) or of its group (`-g`); without a name, of whoever runs this.
pub(crate) fn id(which: &str, user: Option<&str>) -> Option<u32> {
    output(command("id").arg(which).args(user))?.parse().ok()
}

pub(crate) fn is_root() -> bool {
    id("-u", None) == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_without_its_folder() {
        assert_eq!(typed(command("/usr/bin/cargo").args(["fmt", "--check"])), "cargo fmt --check");
    }

    #[test]
    fn a_missing_program_is_named() {
        let failure = succeed(&mut command("/nowhere/no-such-program")).unwrap_err();
        assert!(failure.to_string().starts_with("`no-such-program` does not start"), "{failure}");
    }

    #[test]
    fn a_failed_program_is_named_with_its_code() {
        let failure = succeed(command("sh").args(["-c", "exit 3"])).unwrap_err();
        assert!(failure.to_string().contains("exit status: 3"), "{failure}");
        assert!(output(command("sh").args(["-c", "exit 3"])).is_none());
    }
}
