use std::collections::BTreeSet;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use url::Url;

use crate::{
    Failed,
    client::Client,
    server::Server,
    table::Row,
    world::{Bench, World},
};

const MOST_KB: f64 = 60.0;
const MOST_REQUESTS: usize = 5;

/// What a browser that has never been here fetches for the log-in page.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let world = World::make(bench, "weight", "", &[]).await?;
    let server = Server::start(&world).await?;
    let mut client = Client::connect(&world).await?;
    let start = Url::parse(&world.origin())?;
    let (mut wanted, mut seen) = (vec![start.clone()], BTreeSet::new());
    let (mut bytes, mut foreign) = (0, 0);
    let mut page = String::new();
    while let Some(address) = wanted.pop() {
        if !seen.insert(address.clone()) {
            continue;
        }
        if address.origin() != start.origin() {
            foreign += 1;
            continue;
        }
        // Once as a browser does, for the bytes; once plain, to be read.
        bytes += on_the_wire(&world, address.path()).await?;
        let answer = client.get(address.path(), &[]).await?;
        answer.expect(200)?;
        let text = std::str::from_utf8(&answer.body)?;
        let kind = answer.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let named = match kind.unwrap_or_default().split(';').next().unwrap_or_default() {
            "text/html" => {
                text.clone_into(&mut page);
                of_html(text)
            }
            "text/css" => of_style(text, &page),
            "text/javascript" => of_script(text),
            _ => Vec::new(),
        };
        for name in named {
            wanted.push(address.join(&name)?);
        }
    }
    server.stop().await?;
    let (kb, requests) = (bytes as f64 / 1e3, seen.len());
    Ok(vec![
        Row::judged(
            "log-in page over the wire with all it loads, heads of the answers included",
            format!("≤ {MOST_KB} kB"),
            format!("{kb:.1} kB"),
            kb <= MOST_KB,
        ),
        Row::judged(
            "its requests, and how many of them to another host",
            format!("≤ {MOST_REQUESTS}, 0"),
            format!("{requests}, {foreign}"),
            requests <= MOST_REQUESTS && foreign == 0,
        ),
    ])
}

/// The bytes of one answer, as they come.
async fn on_the_wire(world: &World, path: &str) -> Result<usize, Failed> {
    let mut stream = TcpStream::connect(world.address).await?;
    let origin = world.origin();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\naccept-encoding: gzip, deflate, br\r\nconnection: close\r\n\r\n",
        origin.trim_start_matches("http://")
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    if !answer.starts_with(b"HTTP/1.1 200") {
        return Err(Failed::because(format!("{path} was not answered")));
    }
    Ok(answer.len())
}

/// What a page loads by itself: icons, style sheets, scripts and what is loaded ahead for them, pictures and frames.
fn of_html(text: &str) -> Vec<String> {
    let tags = text.split('<').skip(1).map(|tag| tag.split('>').next().unwrap_or_default());
    let loads = tags.filter_map(|tag| {
        let name = tag.split_whitespace().next().unwrap_or_default();
        let relation = attribute(tag, "rel").unwrap_or_default();
        let loaded = ["icon", "stylesheet", "modulepreload", "preload"];
        match name {
            "link" if relation.split(' ').any(|word| loaded.contains(&word)) => attribute(tag, "href"),
            "script" | "img" | "iframe" | "source" | "embed" => attribute(tag, "src"),
            _ => None,
        }
    });
    loads.map(str::to_owned).collect()
}

fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

/// The pictures of rules that could apply to `page`: a browser fetches no others. A rule could where all classes and attributes of
/// one of its selectors stand somewhere in the page, whether or not on the right element.
fn of_style(text: &str, page: &str) -> Vec<String> {
    let mut names = Vec::new();
    for rule in text.split('}') {
        let Some((head, body)) = rule.rsplit_once('{') else { continue };
        let selectors = head.rsplit('{').next().unwrap_or_default();
        if !selectors.split(',').any(|selector| could_apply(selector, page)) {
            continue;
        }
        for found in body.split("url(").skip(1) {
            let name = found.split(')').next().unwrap_or_default().trim_matches(['"', '\'']);
            if !name.starts_with("data:") {
                names.push(name.to_owned());
            }
        }
    }
    names.extend(text.split("@import").skip(1).filter_map(quoted));
    names
}

fn could_apply(selector: &str, page: &str) -> bool {
    let mut classes = selector.split('.').skip(1).map(|rest| {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_'));
        &rest[..end.unwrap_or(rest.len())]
    });
    let mut attributes = selector.split('[').skip(1).filter_map(|rest| rest.split(']').next());
    // The first script sets these.
    classes.all(|class| page.contains(class) || ["js-enabled", "nhsuk-frontend-supported"].contains(&class))
        && attributes.all(|attribute| match attribute.split_once('=') {
            Some((name, value)) => page.contains(&format!("{name}=\"{}\"", value.trim_matches(['"', '\'']))),
            None => page.contains(&format!(" {attribute}")),
        })
}

/// The modules that a script imports.
fn of_script(text: &str) -> Vec<String> {
    let by_name = text.split("from").skip(1).chain(text.split("import").skip(1));
    let imports = by_name.filter_map(|rest| {
        let rest = rest.trim_start_matches([' ', '(']);
        rest.starts_with(['"', '\'']).then(|| quoted(rest)).flatten()
    });
    imports.filter(|name| name.starts_with(['.', '/']) || name.contains("://")).collect()
}

/// The first quoted text.
fn quoted(text: &str) -> Option<String> {
    let begin = text.find(['"', '\''])?;
    let quote = text[begin..].chars().next()?;
    text[begin + 1..].split(quote).next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{of_html, of_script, of_style};

    #[test]
    fn what_a_page_loads_is_found() {
        let page = r#"<link rel="icon" href="/f.svg" type="image/svg+xml"><link rel="canonical" href="/no">
            <script type="module" src="/p.js"></script><a href="/no">x</a><img alt="" src="https://b.example/x.png">"#;
        assert_eq!(of_html(page), ["/f.svg", "/p.js", "https://b.example/x.png"]);
    }

    #[test]
    fn a_picture_counts_where_its_rule_could_apply() {
        let page = r#"<div class="a b"><input type="text">"#;
        let style = r#"@media print{.lost{x:url(/no.svg)}.lost,.a{x:url("/yes.svg")}}.js-enabled .b:hover{x:url(/too.svg)}
            .b{x:url(data:image/png;base64,AA)}.a[type=search]{x:url(/no.svg)}.b[data-x] i{x:url(/no.svg)}.b [type="text"]{x:url(/3.svg)}"#;
        assert_eq!(of_style(style, page), ["/yes.svg", "/too.svg", "/3.svg"]);
    }

    #[test]
    fn imports_are_found_also_where_spaces_are_left_out() {
        let script = r#"import { a } from "./a.js";import"/b.js";import('../c.js');const from = "x";"#;
        assert_eq!(of_script(script), ["./a.js", "/b.js", "../c.js"]);
    }
}
