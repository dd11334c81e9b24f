//! A [reqwest](https://docs.rs/reqwest) client whose requests are traced (feature `reqwest`).
//!
//! [`client::TraceLayer`](crate::client::TraceLayer) is a
//! [`reqwest_middleware::Middleware`]. Redirects are followed within the span.
//!
//! ```
//! use reqwest_middleware::ClientBuilder;
//! use tracer_core::Tracer;
//! use tracer_http::client::TraceLayer;
//!
//! let tracer = Tracer::noop();
//! let client = ClientBuilder::new(reqwest::Client::new())
//!     .with(TraceLayer::new(tracer))
//!     .build();
//! let request = client.get("http://127.0.0.1:8081/customer?customer=123");
//! ```

use ::reqwest::{Body, Request, Response, ResponseBuilderExt, Url};
use async_trait::async_trait;
use http::{Extensions, Uri};
use reqwest_middleware::{Middleware, Next, Result};

use crate::body::TracedBody;
use crate::client::TraceLayer;
use crate::future::ResponseFuture;
use crate::head::RequestHead;

#[async_trait]
impl Middleware for TraceLayer {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        // A URL that is no URI cannot be sent either; reqwest will say so.
        let uri: Uri = request.url().as_str().parse().unwrap_or_default();
        let exchange = self.begin(RequestHead {
            method: request.method(),
            uri: &uri,
            version: request.version(),
            headers: request.headers(),
            extensions,
        });
        let Some(exchange) = exchange else {
            return next.run(request, extensions).await;
        };
        let policy = self.policy(&uri, request.headers());
        self.inject(exchange.context(), policy, request.headers_mut());
        // The response's own URL: after redirects it is not the request's.
        let mut url = None;
        let send = async {
            let response = next.run(request, extensions).await?;
            url = Some(response.url().clone());
            Ok::<_, reqwest_middleware::Error>(http::Response::from(response))
        };
        let response = ResponseFuture::new(send, Some(exchange)).await?;
        Ok(into_reqwest(response, url))
    }
}

/// The conversion to a `http` response lost the URL, which goes back by way of an extension.
fn into_reqwest(response: http::Response<TracedBody<Body>>, url: Option<Url>) -> Response {
    let mut response = response.map(Body::wrap);
    let with_url = url.and_then(|url| http::Response::builder().url(url).body(()).ok());
    if let Some(with_url) = with_url {
        let (head, ()) = with_url.into_parts();
        response.extensions_mut().extend(head.extensions);
    }
    Response::from(response)
}
