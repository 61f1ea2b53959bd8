//! The style sheet, the scripts and the pictures, embedded. Their names hold the hash of what they contain, so browsers may
//! keep them for a year; an upgrade changes the names. `build.rs` makes them.

use std::sync::LazyLock;

use axum::Router;
use memory_serve::{CacheControl, MemoryServe};

include!(concat!(env!("OUT_DIR"), "/assets.rs"));
include!(concat!(env!("OUT_DIR"), "/content.rs"));

/// A file that the host of course content hands out beside courses, under a plain name.
#[derive(Clone, Copy, Debug)]
pub struct ContentFile {
    /// `check.html`, `check.js`, `player.html`, `player.css`, `player.js`, `scorm12.js` or `scorm2004.js`.
    pub name: &'static str,
    /// With its charset.
    pub content_type: &'static str,
    /// SHA-256 of `plain` in hexadecimal.
    pub hash: &'static str,
    /// As it is.
    pub plain: &'static [u8],
    /// For browsers that take `br`.
    pub brotli: &'static [u8],
}

/// The content host's own file of this name.
#[must_use]
pub fn content_file(name: &str) -> Option<&'static ContentFile> {
    CONTENT.iter().find(|file| file.name == name)
}

/// The routes under `/assets/`.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    // Made once a process: the compressed and plain bytes are kept for good.
    static ROUTER: LazyLock<Router> = LazyLock::new(|| {
        MemoryServe::new(TABLE)
            .index_file(None)
            .enable_brotli(true)
            .cache_control(CacheControl::Custom("public, max-age=31536000, immutable"))
            .into_router()
    });
    ROUTER.clone().with_state(())
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, response::Response};
    use http::{Request, StatusCode, header};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn get(path: &str, name: header::HeaderName, value: &str) -> Response {
        let request = Request::get(path).header(name, value).body(Body::empty()).unwrap();
        routes::<()>().oneshot(request).await.unwrap()
    }

    async fn text(path: &str) -> String {
        let response = get(path, header::ACCEPT, "*/*").await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn each_is_served_for_a_year_with_its_type_and_a_validator() {
        for (path, content_type) in [
            (STYLE, "text/css; charset=utf-8"),
            (SCRIPT, "text/javascript; charset=utf-8"),
            (LIBRARY, "text/javascript; charset=utf-8"),
            (PASSKEYS, "text/javascript; charset=utf-8"),
            (OUTBOX, "text/javascript; charset=utf-8"),
            (PLAYER_PAGE, "text/javascript; charset=utf-8"),
            (PC_CHECKER, "text/javascript; charset=utf-8"),
            (FAVICON, "image/svg+xml"),
        ] {
            let response = get(path, header::ACCEPT, "*/*").await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], content_type);
            assert_eq!(response.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
            assert!(!response.headers().contains_key(header::CONTENT_ENCODING));

            let etag = response.headers()[header::ETAG].to_str().unwrap().to_owned();
            let again = get(path, header::IF_NONE_MATCH, &etag).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
        }
        assert_eq!(get("/assets/portal.css", header::ACCEPT, "*/*").await.status(), StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn what_the_log_in_page_loads_is_small() {
        let mut total = 0;
        for path in [STYLE, SCRIPT, LIBRARY, PASSKEYS, OUTBOX, FAVICON] {
            let response = get(path, header::ACCEPT_ENCODING, "gzip, br").await;
            assert_eq!(response.headers()[header::CONTENT_ENCODING], "br", "{path}");
            total += response.into_body().collect().await.unwrap().to_bytes().len();
        }
        // The page itself has the rest of the 60 kB.
        assert!(total < 50_000, "{total} bytes");
    }

    #[tokio::test]
    async fn nothing_comes_from_another_host() {
        let style = text(STYLE).await;
        assert!(!style.contains("://") && !style.contains("@font-face") && !style.contains("@import"));
        assert!(style.contains("arial,sans-serif"));
        assert!(style.contains(".portal-"), "our own rules come last");
        for (at, _) in style.match_indices("url(") {
            let address = style[at + 4..].split(')').next().unwrap().trim_matches('"');
            assert!(text(address).await.contains("<svg"), "{address}");
        }

        let script = text(SCRIPT).await;
        assert!(script.contains(&format!("from \".{}\"", LIBRARY.trim_start_matches("/assets"))));
        assert!(text(LIBRARY).await.contains("initAll"));
        for path in [PASSKEYS, OUTBOX, PLAYER_PAGE, PC_CHECKER] {
            assert!(!text(path).await.contains("import "), "{path} stands alone");
        }
        for path in [SCRIPT, LIBRARY, PASSKEYS, OUTBOX, PLAYER_PAGE, PC_CHECKER, STYLE] {
            assert!(!text(path).await.contains("sourceMappingURL"), "{path}");
        }
    }

    #[test]
    fn the_page_has_what_the_script_looks_for() {
        let (script, page) =
            (include_str!("../../../assets/portal.js"), include_str!("../templates/shell.html"));
        for name in ["portal-idle", "portal-idle-left", "portal-idle-stay"] {
            assert!(script.contains(&format!("getElementById(\"{name}\")")), "{name} in portal.js");
            assert!(page.contains(&format!("id=\"{name}\"")), "{name} in shell.html");
        }
        for name in ["portal-logged-in", "portal-idle", "portal-csrf"] {
            assert!(script.contains(&format!("meta(\"{name}\")")), "{name} in portal.js");
            assert!(page.contains(&format!("meta name=\"{name}\"")), "{name} in shell.html");
        }
    }

    #[test]
    fn the_content_host_has_the_player_and_both_run_times() {
        for (name, holds) in [
            ("check.html", "check.js"),
            ("check.js", "check-ready"),
            ("player.html", "player.js"),
            ("player.css", ".player"),
            ("player.js", "scorm2004.js"),
            ("scorm12.js", "Scorm12API"),
            ("scorm2004.js", "Scorm2004API"),
        ] {
            let file = content_file(name).unwrap();
            let text = std::str::from_utf8(file.plain).unwrap();
            assert!(text.contains(holds) && !text.contains("sourceMappingURL"), "{name}");
            assert!(file.brotli.len() < file.plain.len(), "{name}");
        }
        assert!(content_file("portal.js").is_none());
    }

    #[test]
    fn the_player_has_what_its_script_looks_for() {
        let (script, page) =
            (include_str!("../../../assets/player.js"), include_str!("../../../assets/player.html"));
        for (at, _) in script.match_indices("byId(\"") {
            let id = script[at + 6..].split('"').next().unwrap();
            assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
        }
        for (at, _) in script.match_indices("says(\"") {
            let word = script[at + 6..].split('"').next().unwrap();
            assert!(page.contains(&format!("data-{word}=\"")), "{word}");
        }
    }

    #[tokio::test]
    async fn no_logo_is_shipped() {
        for asset in TABLE {
            let text = text(asset.route).await;
            assert!(!text.contains("M200 0v80H0V0h200Z"), "{}", asset.route);
        }
    }
}
