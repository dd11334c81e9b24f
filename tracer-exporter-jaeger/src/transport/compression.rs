//! Compressing a request's body.

/// How a request's body is compressed.
///
/// Not at all is the default, as it is OTLP's own: compressing takes more processor time than all the
/// rest of an export together, and pays where the network is far or billed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// As it is.
    #[default]
    None,
    /// gzip, at its fastest level. All of the receivers take it.
    #[cfg(feature = "gzip")]
    Gzip,
    /// Zstandard, level 1. The OpenTelemetry Collector takes it, and so does Jaeger for OTLP.
    #[cfg(feature = "zstd")]
    Zstd,
}

impl Compression {
    /// The value of the header `content-encoding`; none without compression.
    pub(crate) const fn content_encoding(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            #[cfg(feature = "gzip")]
            Self::Gzip => Some("gzip"),
            #[cfg(feature = "zstd")]
            Self::Zstd => Some("zstd"),
        }
    }

    /// The body as it is sent: itself, or what it becomes in `out`.
    pub(crate) fn compress<'a>(self, body: &'a [u8], out: &'a mut Vec<u8>) -> std::io::Result<&'a [u8]> {
        match self {
            Self::None => {
                out.clear();
                Ok(body)
            }
            #[cfg(feature = "gzip")]
            Self::Gzip => gzip(body, out),
            #[cfg(feature = "zstd")]
            Self::Zstd => zstd(body, out),
        }
    }
}

#[cfg(feature = "gzip")]
fn gzip<'a>(body: &[u8], out: &'a mut Vec<u8>) -> std::io::Result<&'a [u8]> {
    use std::io::Write;
    out.clear();
    let mut encoder = flate2::write::GzEncoder::new(&mut *out, flate2::Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()?;
    Ok(out)
}

#[cfg(feature = "zstd")]
fn zstd<'a>(body: &[u8], out: &'a mut Vec<u8>) -> std::io::Result<&'a [u8]> {
    const LEVEL: i32 = 1;
    out.clear();
    zstd::stream::copy_encode(body, &mut *out, LEVEL)?;
    Ok(out)
}
