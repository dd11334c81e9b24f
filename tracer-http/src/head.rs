//! What is known of a request before it is answered.

use std::borrow::Cow;

use http::{Extensions, HeaderMap, Method, Request, Uri, Version};

/// The head of a request, borrowed: what names, filters and policies are given.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RequestHead<'a> {
    /// The method.
    pub method: &'a Method,
    /// The target, as the request has it: a server mostly sees path and query alone.
    pub uri: &'a Uri,
    /// The protocol's version.
    pub version: Version,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// What servers, routers and other layers put beside it.
    pub extensions: &'a Extensions,
}

/// The template of the route that a request takes, as an extension of the request: for routers
/// other than axum's, set before the layer is called.
///
/// ```
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(tracer_http::Route::from("/users/{id}"));
/// assert_eq!(tracer_http::RequestHead::of(&request).route(), Some("/users/{id}"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route(Cow<'static, str>);

impl<'a> RequestHead<'a> {
    /// The head of a request.
    #[must_use]
    pub fn of<B>(request: &'a Request<B>) -> Self
    where
        B: 'a,
    {
        Self {
            method: request.method(),
            uri: request.uri(),
            version: request.version(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }

    /// The template of the route, such as `/users/{id}`: a [`Route`], or with the feature `axum`
    /// the matched path. `None` if no route is known (yet).
    #[must_use]
    pub fn route(&self) -> Option<&'a str> {
        let route = self.extensions.get::<Route>().map(|route| &*route.0);
        #[cfg(feature = "axum")]
        let route = route.or_else(|| crate::axum::matched_path(self.extensions));
        route
    }

    /// The path without its first slash, if it has the form of a gRPC method:
    /// `package.Service/Method`.
    #[must_use]
    pub fn rpc(&self) -> Option<&'a str> {
        crate::grpc::Rpc::of_path(self.uri.path()).map(|rpc| rpc.full_method)
    }
}

impl From<&'static str> for Route {
    fn from(template: &'static str) -> Self {
        Self(Cow::Borrowed(template))
    }
}

impl From<String> for Route {
    fn from(template: String) -> Self {
        Self(Cow::Owned(template))
    }
}
