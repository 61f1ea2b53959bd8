//! Makes what browsers fetch: one style sheet, the scripts and the pictures they name, each under a name that holds the
//! hash of its contents, compressed, with a table of them for `src/assets.rs` to serve; and beside them what the host of course content
//! hands out, under plain names.

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

/// A file as it is served.
struct Served {
    /// The Rust constant that holds its address; `None` where only the style sheet names it.
    constant: Option<(&'static str, &'static str)>,
    name: String,
    content_type: &'static str,
    bytes: Vec<u8>,
}

impl Served {
    /// `stem` and `extension` with the contents' hash between them.
    fn new(stem: &str, extension: &'static str, bytes: Vec<u8>) -> Self {
        let content_type = match extension {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "html" => "text/html; charset=utf-8",
            _ => "image/svg+xml",
        };
        let name = format!("{stem}-{}.{extension}", &hash(&bytes)[..16]);
        Self { constant: None, name, content_type, bytes }
    }

    fn named(mut self, name: &'static str, doc: &'static str) -> Self {
        self.constant = Some((name, doc));
        self
    }

    fn address(&self) -> String {
        format!("/assets/{}", self.name)
    }
}

fn main() {
    if let Err(error) = make() {
        println!("cargo::error={error}");
    }
}

fn make() -> Result<(), Box<dyn Error>> {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let ours = root.join("assets");
    let modules = root.join("target/assets/node_modules");
    let nhsuk = modules.join("nhsuk-frontend/dist/nhsuk");
    let runtime = modules.join("scorm-again/dist");
    println!("cargo::rerun-if-changed=build.rs");
    for needed in [nhsuk.join("nhsuk-frontend.min.css"), runtime.join("scorm2004.min.js")] {
        if !watched(needed.clone()).exists() {
            return Err(format!(
                "run `cargo xtask setup` first: it installs nhsuk-frontend and scorm-again; {} is not there",
                needed.display()
            )
            .into());
        }
    }

    let mut served = Vec::new();
    let mut style = without_foreign_fonts(&text(nhsuk.join("nhsuk-frontend.min.css"))?);
    while let Some(old) = first_picture(&style) {
        let stem = old.trim_start_matches("/assets/images/nhsuk-").trim_end_matches(".svg").to_owned();
        let file = nhsuk.join("assets").join(old.trim_start_matches("/assets/"));
        let picture = Served::new(&stem, "svg", fs::read(watched(file))?);
        style = style.replace(&old, &picture.address());
        served.push(picture);
    }
    style.push_str(&text(ours.join("portal.css"))?);
    if style.contains("://") {
        return Err("the style sheet would fetch something from another host".into());
    }
    served.push(
        Served::new("portal", "css", style.into_bytes()).named("STYLE", "The one style sheet of every page."),
    );

    let library = Served::new(
        "nhsuk",
        "js",
        without_source_map(&text(nhsuk.join("nhsuk-frontend.min.js"))?).into_bytes(),
    )
    .named(
        "LIBRARY",
        "What [`SCRIPT`] imports; pages name it as `modulepreload`, so that both come at once.",
    );
    let script = text(ours.join("portal.js"))?;
    let import = "from \"nhsuk-frontend\"";
    if !script.contains(import) {
        return Err(format!("assets/portal.js does not import {import}").into());
    }
    let script = script.replace(import, &format!("from \"./{}\"", library.name));
    served.push(library);
    served.push(
        Served::new("portal", "js", script.into_bytes())
            .named("SCRIPT", "The one script of every page, a module."),
    );
    served.push(
        Served::new("passkeys", "js", text(ours.join("passkeys.js"))?.into_bytes())
            .named("PASSKEYS", "What a page with a passkey's form loads besides, a module."),
    );
    served.push(
        Served::new("pc-checker", "js", text(ours.join("pc-checker.js"))?.into_bytes())
            .named("PC_CHECKER", "What PC Checker's page loads besides, a module."),
    );
    served.push(
        Served::new("outbox", "js", text(ours.join("outbox.js"))?.into_bytes())
            .named("OUTBOX", "What every page loads: it sends what courses could not save, a module."),
    );
    served.push(
        Served::new("player-page", "js", text(ours.join("player-page.js"))?.into_bytes())
            .named("PLAYER_PAGE", "What a page with a course in it loads besides, a module."),
    );
    served.push(
        Served::new("favicon", "svg", fs::read(watched(ours.join("favicon.svg")))?)
            .named("FAVICON", "The picture in a browser's tab."),
    );

    let mut content = Vec::new();
    for (name, extension, file) in [
        ("check.html", "html", ours.join("check.html")),
        ("check.js", "js", ours.join("check.js")),
        ("player.html", "html", ours.join("player.html")),
        ("player.css", "css", ours.join("player.css")),
        ("player.js", "js", ours.join("player.js")),
        ("scorm12.js", "js", runtime.join("scorm12.min.js")),
        ("scorm2004.js", "js", runtime.join("scorm2004.min.js")),
    ] {
        let bytes = without_source_map(&text(file)?).into_bytes();
        content.push(Served { name: name.into(), ..Served::new("", extension, bytes) });
    }

    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    write(&served, &out)?;
    write_content(&content, &out)
}

/// What the host of course content hands out, plain and compressed, and the table of it.
fn write_content(content: &[Served], out: &Path) -> Result<(), Box<dyn Error>> {
    let folder = out.join("content");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let mut table = String::from("static CONTENT: &[ContentFile] = &[");
    for file in content {
        let plain = folder.join(&file.name);
        let compressed = folder.join(format!("{}.br", file.name));
        fs::write(&plain, &file.bytes)?;
        fs::write(&compressed, brotli(&file.bytes)?)?;
        writeln!(
            table,
            "ContentFile {{ name: {:?}, content_type: {:?}, hash: {:?}, plain: include_bytes!({plain:?}), \
             brotli: include_bytes!({compressed:?}) }},",
            file.name,
            file.content_type,
            hash(&file.bytes),
        )?;
    }
    writeln!(table, "];")?;
    fs::write(out.join("content.rs"), table)?;
    Ok(())
}

/// Each file compressed, and the table of them.
fn write(served: &[Served], out: &Path) -> Result<(), Box<dyn Error>> {
    let folder = out.join("assets");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let mut table = String::new();
    for file in served {
        let path = folder.join(&file.name);
        fs::write(&path, brotli(&file.bytes)?)?;
        if let Some((constant, doc)) = file.constant {
            writeln!(table, "/// {doc}\npub const {constant}: &str = {:?};", file.address())?;
        }
    }
    writeln!(table, "static TABLE: &[memory_serve::Asset] = &[")?;
    for file in served {
        let path = folder.join(&file.name);
        writeln!(
            table,
            "memory_serve::Asset {{ route: {:?}, path: {path:?}, etag: {:?}, content_type: {:?}, \
             bytes: Some(include_bytes!({path:?})), is_compressed: true, should_compress: true }},",
            file.address(),
            hash(&file.bytes),
            file.content_type,
        )?;
    }
    writeln!(table, "];")?;
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}

/// The licensed typeface is not ours to ship, and its rules would fetch it from a third party on every page: without them
/// the family falls back to Arial.
fn without_foreign_fonts(style: &str) -> String {
    let mut kept = String::with_capacity(style.len());
    let mut rest = style;
    while let Some(start) = rest.find("@font-face{") {
        let Some(length) = rest[start..].find('}') else { break };
        kept.push_str(&rest[..start]);
        rest = &rest[start + length + 1..];
    }
    kept.push_str(rest);
    match kept.find("/*# sourceMappingURL=") {
        Some(at) => kept[..at].to_owned(),
        None => kept,
    }
}

/// Browsers' developer tools would ask for a map that is not served.
fn without_source_map(script: &str) -> String {
    match script.rfind("//# sourceMappingURL=") {
        Some(at) => script[..at].to_owned(),
        None => script.to_owned(),
    }
}

fn first_picture(style: &str) -> Option<String> {
    let start = style.find("/assets/images/")?;
    let end = style[start..].find(')')?;
    Some(style[start..start + end].trim_end_matches(['"', '\'']).to_owned())
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>, std::io::Error> {
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 4096, 11, 22);
    writer.write_all(bytes)?;
    Ok(writer.into_inner())
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn text(path: PathBuf) -> Result<String, Box<dyn Error>> {
    let path = watched(path);
    fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn watched(path: PathBuf) -> PathBuf {
    println!("cargo::rerun-if-changed={}", path.display());
    path
}
