//! `/metrics`: what the server spans say, in Prometheus' format.

use crate::support::Hotrod;

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_of_the_process_is_counted() {
    let hotrod = Hotrod::start("--time-scale 0.1").await;
    let order = hotrod.order("123", "1-1").await;
    let refused = hotrod.order("999", "1-2").await;
    assert_eq!((order.status, refused.status), (200, 500));
    hotrod.settle().await;
    let response = hotrod.get("metrics").await;
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let metrics = response.text().await.unwrap();
    for line in [
        "hotrod_requests_total{service=\"frontend\",endpoint=\"/dispatch\",error=\"false\"} 1",
        "hotrod_requests_total{service=\"frontend\",endpoint=\"/dispatch\",error=\"true\"} 1",
        "hotrod_requests_total{service=\"route\",endpoint=\"/route\",error=\"false\"} 10",
        "hotrod_requests_total{service=\"driver\",endpoint=\"driver.DriverService/FindNearest\",error=\"false\"} 1",
        "hotrod_http_requests_total{service=\"frontend\",endpoint=\"/dispatch\",status_code=\"2xx\"} 1",
        "hotrod_http_requests_total{service=\"frontend\",endpoint=\"/dispatch\",status_code=\"5xx\"} 1",
        "hotrod_request_latency_count{service=\"customer\",endpoint=\"/customer\",error=\"true\"} 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    }
}
