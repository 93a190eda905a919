//! Files with certificates and keys.

use insta::assert_snapshot;

use super::block_error;
use crate::provider_block::with_block;
use crate::worlds::APP_ONLY;

#[test]
fn client_certificate_without_its_key() {
    let error = block_error("client_cert = \"client.pem\"");
    assert_snapshot!(error, @r#"
    Error: Incomplete client certificate
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    `client_cert` is set, but `client_key` isn't. Set both or neither.
    "#);
}

#[test]
fn client_key_without_its_certificate() {
    let error = block_error("client_key = \"client.key\"");
    assert_snapshot!(error, @r#"
    Error: Incomplete client certificate
      provider["aff15f21/gitlab-job-token"]
      > provider "gitlab" {

    `client_key` is set, but `client_cert` isn't. Set both or neither.
    "#);
}

#[test]
fn missing_file() {
    let error = block_error("cacert_file = \"ca.pem\"");
    assert_snapshot!(error, @r#"
    Error: Unreadable file
      provider["aff15f21/gitlab-job-token"]
      > cacert_file = "ca.pem"

    `cacert_file` is "ca.pem", which can't be read: No such file or directory. Set
    it to a PEM file with the certificates to trust.
    "#);
}

#[test]
fn file_without_a_certificate() {
    let (_gitlab, tf) = APP_ONLY.with_workspace();
    tf.file("ca.pem", "not a certificate");
    tf.config(&with_block("cacert_file = \"ca.pem\""));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Invalid provider configuration
      provider["aff15f21/gitlab-job-token"]
      > cacert_file = "ca.pem"

    `cacert_file` is "ca.pem", which can't be used: it doesn't have a readable PEM
    certificate. Set it to a PEM file with the certificates to trust.
    "#);
}

#[test]
fn client_certificate_and_key_are_named_by_their_files() {
    let (_gitlab, tf) = APP_ONLY.with_workspace();
    tf.file("client.pem", "not a certificate");
    tf.file("client.key", "not a key");
    tf.config(&with_block("client_cert = \"client.pem\"\nclient_key = \"client.key\""));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Invalid provider configuration
      provider["aff15f21/gitlab-job-token"]
      > client_cert = "client.pem"

    `client_cert` is "client.pem", which can't be used: it doesn't have a
    certificate in PEM form. Set it to a PEM file with the client certificate.
    "#);
}

#[cfg(unix)]
#[test]
fn directory_is_not_a_file() {
    let error = block_error("cacert_file = \"/dev\"");
    assert_snapshot!(error, @r#"
    Error: Unreadable file
      provider["aff15f21/gitlab-job-token"]
      > cacert_file = "/dev"

    `cacert_file` is "/dev", which can't be read: it is a directory. Set it to a
    PEM file with the certificates to trust.
    "#);
}

#[test]
fn empty_path_of_a_file() {
    let error = block_error("cacert_file = \"\"");
    assert_snapshot!(error, @r#"
    Error: Unreadable file
      provider["aff15f21/gitlab-job-token"]
      > cacert_file = ""

    `cacert_file` is empty. Remove it, or set it to a PEM file with the
    certificates to trust.
    "#);
}

#[test]
fn binary_file() {
    let (_gitlab, tf) = APP_ONLY.with_workspace();
    std::fs::write(tf.directory().join("ca.pem"), b"\x7fELF\xff\xfe").unwrap();
    tf.config(&with_block("cacert_file = \"ca.pem\""));

    assert_snapshot!(tf.plan().error(), @r#"
    Error: Unreadable file
      provider["aff15f21/gitlab-job-token"]
      > cacert_file = "ca.pem"

    `cacert_file` is "ca.pem", which can't be read: it isn't a PEM file. Set it to
    a PEM file with the certificates to trust.
    "#);
}

#[cfg(unix)]
#[test]
fn endless_file_is_not_read() {
    let error = block_error("cacert_file = \"/dev/zero\"");
    assert_snapshot!(error, @r#"
    Error: Unreadable file
      provider["aff15f21/gitlab-job-token"]
      > cacert_file = "/dev/zero"

    `cacert_file` is "/dev/zero", which can't be read: it isn't a regular file.
    Set it to a PEM file with the certificates to trust.
    "#);
}
