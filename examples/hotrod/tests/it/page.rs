//! The order page.

use crate::support::Hotrod;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_needs_nothing_from_elsewhere() {
    let hotrod = Hotrod::start("").await;
    let mut files = String::new();
    for (path, content_type) in [
        ("", "text/html; charset=utf-8"),
        ("hotrod.js", "text/javascript; charset=utf-8"),
        ("hotrod.css", "text/css; charset=utf-8"),
    ] {
        let response = hotrod.get(path).await;
        assert_eq!(response.headers()["content-type"], content_type);
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        files.push_str(&response.text().await.unwrap());
    }
    for forbidden in
        ["http://", "https://", "//cdn", "innerHTML", "outerHTML", "document.write", "eval(", "style="]
    {
        assert!(!files.contains(forbidden), "{forbidden}");
    }
    for customer in ["123", "392", "567", "731"] {
        assert!(files.contains(&format!("data-customer=\"{customer}\"")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_has_a_switch_for_each_fix() {
    let hotrod = Hotrod::start("").await;
    let page = hotrod.get("").await.text().await.unwrap();
    let form = page.split("id=\"fixes\"").nth(1).unwrap().split("</form>").next().unwrap();
    let mut switches: Vec<&str> =
        form.split("name=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    switches.sort_unstable();
    let fixes = hotrod.get("fixes").await.bytes().await.unwrap();
    let fixes: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&fixes).unwrap();
    let mut members: Vec<&String> = fixes.keys().collect();
    members.sort_unstable();
    assert_eq!(switches, members);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_lead_to_the_viewer_unless_told_otherwise() {
    let hotrod = Hotrod::start("").await;
    let viewer = hotrod.app.addresses().viewer.clone().unwrap();
    let config = hotrod.get("config").await.text().await.unwrap();
    assert_eq!(config, format!("{{\"jaeger\":\"{}\"}}", viewer.trim_end_matches('/')));

    let hotrod = Hotrod::start("-j http://jaeger.example/ui/").await;
    assert_eq!(hotrod.get("config").await.text().await.unwrap(), r#"{"jaeger":"http://jaeger.example/ui"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_moves_under_the_base_path() {
    let hotrod = Hotrod::start("-b /demo/ --time-scale 0").await;
    assert!(hotrod.url("").ends_with("/demo/"));
    for path in ["", "hotrod.js", "config", "fixes", "metrics", "debug/vars", "dispatch?customer=123"] {
        assert_eq!(hotrod.get(path).await.status(), 200, "{path}");
    }
    let bare = hotrod.url("");
    let page = hotrod.client.get(bare.trim_end_matches('/')).send().await.unwrap();
    assert_eq!((page.status().as_u16(), page.url().path()), (200, "/demo/"));
    let outside = hotrod.client.get(bare.replace("demo/", "config")).send().await.unwrap();
    assert_eq!(outside.status(), 404);
}
