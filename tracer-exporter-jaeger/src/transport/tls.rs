//! Certificates: whom to trust, and who we are.

use std::sync::Arc;

use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

/// More than any bundle of roots has.
const PEM_BYTES_MAX: usize = 4 << 20;

/// What TLS is to use; without anything, the Mozilla roots and no certificate of our own.
#[derive(Clone, Default)]
pub(crate) struct Tls {
    roots_pem: Option<Vec<u8>>,
    /// Certificate chain and key.
    identity_pem: Option<(Vec<u8>, Vec<u8>)>,
}

impl Tls {
    pub(crate) fn set_roots(&mut self, pem: Vec<u8>) {
        self.roots_pem = Some(pem);
    }

    pub(crate) fn set_identity(&mut self, chain_pem: Vec<u8>, key_pem: Vec<u8>) {
        self.identity_pem = Some((chain_pem, key_pem));
    }

    /// For the HTTP client, or what is wrong: the setting, and why.
    pub(crate) fn config(&self) -> Result<TlsConfig, (&'static str, &'static str)> {
        let mut config = TlsConfig::builder();
        if let Some(pem) = &self.roots_pem {
            let roots = certificates(pem).map_err(|reason| ("root_certificates", reason))?;
            config = config.root_certs(RootCerts::Specific(Arc::new(roots)));
        }
        if let Some((chain, key)) = &self.identity_pem {
            let chain = certificates(chain).map_err(|reason| ("client_certificate", reason))?;
            let key = PrivateKey::from_pem(key);
            let key = key.map_err(|_| ("client_certificate", "there is no private key in the PEM"))?;
            config = config.client_cert(Some(ClientCert::new_with_certs(&chain, key)));
        }
        Ok(config.build())
    }

    #[cfg(feature = "grpc")]
    pub(crate) fn roots_pem(&self) -> Option<&[u8]> {
        self.roots_pem.as_deref()
    }

    #[cfg(feature = "grpc")]
    pub(crate) fn identity_pem(&self) -> Option<&(Vec<u8>, Vec<u8>)> {
        self.identity_pem.as_ref()
    }
}

/// Without the certificates, and above all without the key.
impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("own_roots", &self.roots_pem.is_some())
            .field("own_identity", &self.identity_pem.is_some())
            .finish()
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>, &'static str> {
    if pem.len() > PEM_BYTES_MAX {
        return Err("the PEM is larger than 4 MiB");
    }
    let mut certificates = Vec::new();
    for item in parse_pem(pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(_) => return Err("it is not PEM"),
        }
    }
    if certificates.is_empty() { Err("there is no certificate in the PEM") } else { Ok(certificates) }
}
