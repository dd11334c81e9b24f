//! The driver service's messages, client and server, made of `proto/driver.proto`.

#![expect(
    unreachable_pub,
    unused_qualifications,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::clone_on_ref_ptr,
    clippy::excessive_nesting,
    clippy::too_many_lines,
    reason = "generated"
)]

tonic::include_proto!("driver");
