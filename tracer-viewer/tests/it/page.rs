//! The page's files.

use std::fs;
use std::path::Path;

use crate::http::get;
use crate::viewer;

#[test]
fn all_its_addresses_serve_the_page() {
    let viewer = viewer();
    let home = get(viewer.local_addr(), "/");
    assert_eq!((home.status, home.header("location")), (307, "/search"));
    let paths = [
        "/search",
        "/search?service=x&tags=%7B%7D",
        "/trace/abc",
        "/trace/abc?span=1",
        "/live",
        "/compare?a=1&b=2",
        "/aggregate",
        "/graph",
        "/operations?service=x",
        "/attribution?key=x",
        "/health",
    ];
    for path in paths {
        let page = get(viewer.local_addr(), path);
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
        assert!(page.text().starts_with("<!doctype html>"));
    }
    for path in [
        "/static/nothing.js",
        "/static/..%2FCargo.toml",
        "/static/",
        "/static/lib",
        "/trace/",
        "/favicon.ico",
    ] {
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
        // The name of a language, and a mark that a drawing has defined itself.
        let text = file.text().replace("\"http://www.w3.org/2000/svg\"", "").replace("url(#", "");
        for outside in
            ["http:", "https:", "\"//", "url(", "@import", "innerHTML", "outerHTML", "insertAdjacentHTML"]
        {
            assert!(!text.contains(outside), "{path} has {outside}");
        }
        for inline in [" style=", " onclick=\"", "<style", "javascript:", "eval("] {
            assert!(!text.contains(inline), "{path} has {inline}, which its policy forbids");
        }
        to_do.extend(links(&path, &text).into_iter().filter(|link| !done.contains(link) && *link != path));
        done.push(path);
    }
    done.sort();
    done.dedup();
    // The index is at an address of its own.
    let there = files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("web"));
    assert_eq!(done.len(), there, "each file is served and used: {done:?}");
}

fn files_below(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}

/// Addresses of files in HTML attributes, and of imports, which are relative to the file at `path`.
fn links(path: &str, text: &str) -> Vec<String> {
    let quoted = text.split('"').skip(1).step_by(2);
    quoted.filter_map(|part| link(path, part)).collect()
}

fn link(path: &str, part: &str) -> Option<String> {
    if part.starts_with("/static/") {
        return Some(part.to_owned());
    }
    let (folder, _) = path.rsplit_once('/')?;
    let is_import = part.ends_with(".js");
    let above = part.strip_prefix("../").filter(|_| is_import);
    if let Some(rest) = above {
        return Some(format!("{}/{rest}", folder.rsplit_once('/')?.0));
    }
    let beside = part.strip_prefix("./").filter(|_| is_import);
    beside.map(|rest| format!("{folder}/{rest}"))
}
