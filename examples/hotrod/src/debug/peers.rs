//! The services that run in other processes.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Client, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::http::{authority, dialled};

const TIMEOUT: Duration = Duration::from_secs(2);

const ANSWER_BYTES_MAX: usize = 4 << 20;

/// Whom to ask too, and tell of changes. None, if all services run in one process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peers {
    /// Made with the first one: it is not free.
    client: Option<Client>,
    /// The name of each and its URL, without a slash at its end.
    services: Vec<(&'static str, String)>,
}

impl Peers {
    /// Adds the service at an address.
    ///
    /// # Errors
    /// If there can be no client.
    pub(crate) fn add(
        &mut self,
        service: &'static str,
        (host, port): (&str, u16),
    ) -> Result<(), reqwest::Error> {
        if self.client.is_none() {
            self.client = Some(Client::builder().no_proxy().timeout(TIMEOUT).build()?);
        }
        self.services.push((service, format!("http://{}", authority(dialled(host), port))));
        Ok(())
    }

    /// Asks all for JSON, at once. Answers what came, and why the others did not.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> (Vec<T>, Vec<String>) {
        let answers = self.each(|client, base| client.get(format!("{base}{path}"))).await;
        let (mut found, mut silent) = (Vec::new(), Vec::new());
        for (service, answer) in answers {
            let read =
                answer.and_then(|body| serde_json::from_slice(&body).map_err(|error| error.to_string()));
            match read {
                Ok(value) => found.push(value),
                Err(why) => silent.push(format!("{service}: {why}")),
            }
        }
        (found, silent)
    }

    /// Tells all, at once. Answers who did not take it, and why.
    pub(super) async fn post(&self, path: &str, value: &impl Serialize) -> Vec<String> {
        let body = serde_json::to_vec(value).unwrap_or_default();
        let answers = self.each(|client, base| {
            let request = client.post(format!("{base}{path}"));
            request.header(http::header::CONTENT_TYPE, "application/json").body(body.clone())
        });
        let refused =
            answers.await.into_iter().filter_map(|(service, answer)| Some((service, answer.err()?)));
        refused.map(|(service, why)| format!("{service}: {why}")).collect()
    }

    async fn each(
        &self,
        request: impl Fn(&Client, &str) -> RequestBuilder,
    ) -> Vec<(&'static str, Result<Vec<u8>, String>)> {
        let Some(client) = &self.client else { return Vec::new() };
        let requests = self.services.iter().map(|(service, base)| {
            let request = request(client, base);
            async move { (*service, answer(request).await) }
        });
        join_all(requests).await
    }
}

async fn answer(request: RequestBuilder) -> Result<Vec<u8>, String> {
    let said = |error: reqwest::Error| error.without_url().to_string();
    let mut response = request.send().await.map_err(said)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(said)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(format!("more than {ANSWER_BYTES_MAX} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    if !response.status().is_success() {
        return Err(format!("{} {}", response.status(), String::from_utf8_lossy(&body).trim_end()));
    }
    Ok(body)
}
