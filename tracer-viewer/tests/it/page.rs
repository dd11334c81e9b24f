//! The page's files.

use crate::http::get;
use crate::viewer;

#[test]
fn all_its_addresses_serve_the_page() {
    let viewer = viewer();
    let home = get(viewer.local_addr(), "/");
    assert_eq!((home.status, home.header("location")), (307, "/search"));
    for path in ["/search", "/search?service=x&tags=%7B%7D", "/trace/abc", "/trace/abc?span=1"] {
        let page = get(viewer.local_addr(), path);
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
        assert!(page.text().starts_with("<!doctype html>"));
    }
    for path in ["/static/nothing.js", "/static/..%2FCargo.toml", "/static/", "/trace/", "/favicon.ico"] {
        assert_eq!(get(viewer.local_addr(), path).status, 404, "{path}");
    }
}

/// Follows all links from the page on: each file is served, as what it is, and names no other host.
#[test]
fn its_files_are_all_here_and_lead_nowhere_else() {
    let viewer = viewer();
    let mut to_do = vec!["/search".to_owned()];
    let mut done: Vec<String> = Vec::new();
    while let Some(path) = to_do.pop() {
        let file = get(viewer.local_addr(), &path);
        assert_eq!(file.status, 200, "{path}");
        let expected = match path.rsplit_once('.').map(|(_, ending)| ending) {
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!(file.header("content-type"), expected, "{path}");
        let text = file.text().replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        for outside in
            ["http:", "https:", "\"//", "url(", "@import", "innerHTML", "outerHTML", "insertAdjacentHTML"]
        {
            assert!(!text.contains(outside), "{path} has {outside}");
        }
        for inline in [" style=", " onclick=\"", "<style", "javascript:", "eval("] {
            assert!(!text.contains(inline), "{path} has {inline}, which its policy forbids");
        }
        to_do.extend(links(&text).filter(|link| !done.contains(link) && *link != path));
        done.push(path);
    }
    done.sort();
    done.dedup();
    assert!(done.len() >= 15, "all files were reached: {done:?}");
}

/// Addresses of files in HTML attributes and imports.
fn links(text: &str) -> impl Iterator<Item = String> {
    let quoted = text.split('"').skip(1).step_by(2).map(str::to_owned);
    let absolute = |part: String| match part.strip_prefix("./") {
        Some(name) if name.ends_with(".js") => format!("/static/{name}"),
        _ => part,
    };
    quoted.map(absolute).filter(|part| part.starts_with("/static/")).collect::<Vec<_>>().into_iter()
}
