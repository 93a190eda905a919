//! Features of OpenTofu that Terraform doesn't have.

use std::fs;

use crate::kit::bare_workspace;
use crate::needs::{ENABLED, ENCRYPTION, EXCLUDE, PROVIDER_FOR_EACH};
use crate::worlds::{APP_AND_LIB, World};

/// Projects 1 `acme/app` and 2 `acme/lib`; group 2 `partners`.
const WITH_PARTNERS: World = World::new(&["acme/app", "acme/lib"], &["partners"]);

/// Each instance of a provider block has its own process, cache and ledger.
#[test]
fn each_instance_of_a_provider_has_its_own_gitlab() {
    PROVIDER_FOR_EACH.require();
    let (east, west) = (APP_AND_LIB.start(), APP_AND_LIB.start());
    let tf = bare_workspace();
    let config = |removed: &str| {
        format!(
            r#"
            locals {{
              instances = {{
                east = {{ base_url = "{}", token = "{}" }}
                west = {{ base_url = "{}", token = "{}" }}
              }}
            }}
            provider "gitlab" {{
              alias    = "by_instance"
              for_each = local.instances
              base_url = each.value.base_url
              token    = each.value.token
            }}
            resource "gitlab_job_token_allowlist_entry" "lib" {{
              for_each       = {{ for name, instance in local.instances : name => instance if name != "{removed}" }}
              provider       = gitlab.by_instance[each.key]
              project        = "acme/app"
              target_project = "acme/lib"
            }}
            "#,
            east.api_url(),
            east.token(),
            west.api_url(),
            west.token()
        )
    };
    tf.config(&config(""));
    tf.apply().succeeds().has_no_warnings();
    assert_eq!([&east, &west].map(|gitlab| gitlab.allowlist(1).projects), [[2].into(), [2].into()]);
    tf.plan().changes_nothing();

    tf.config(&config("west"));
    tf.apply().succeeds();
    assert_eq!([&east, &west].map(|gitlab| gitlab.allowlist(1).projects), [[2].into(), [].into()]);
}

#[test]
fn excluded_resources_stay_as_they_are() {
    EXCLUDE.require();
    let (gitlab, tf) = WITH_PARTNERS.with_workspace();
    tf.config(&entries(""));
    tf.apply_with(&["-exclude=gitlab_job_token_allowlist_entry.team"]).succeeds();
    assert_eq!((gitlab.allowlist(1).projects, gitlab.allowlist(1).groups), ([2].into(), [].into()));

    tf.apply().succeeds();
    tf.run(&["destroy", "-auto-approve", "-exclude=gitlab_job_token_allowlist_entry.team"])
        .succeeds();
    assert_eq!((gitlab.allowlist(1).projects, gitlab.allowlist(1).groups), ([].into(), [2].into()));
}

#[test]
fn disabled_entry_is_removed_and_comes_back() {
    ENABLED.require();
    let (gitlab, tf) = WITH_PARTNERS.with_workspace();
    for (enabled, allowed) in [(true, true), (false, false), (true, true)] {
        tf.config(&entries(&format!("lifecycle {{\n  enabled = {enabled}\n}}")));
        tf.apply().succeeds();
        assert_eq!(gitlab.allowlist(1).projects == [2].into(), allowed, "enabled = {enabled}");
        tf.plan().changes_nothing();
    }
}

#[test]
fn encrypted_state_and_plan_hold_no_plain_text() {
    ENCRYPTION.require();
    let (gitlab, tf) = WITH_PARTNERS.with_workspace();
    tf.file(
        "encryption.tf",
        r#"
        terraform {
          encryption {
            key_provider "pbkdf2" "test" {
              passphrase = "correct-horse-battery-staple"
            }
            method "aes_gcm" "test" {
              keys = key_provider.pbkdf2.test
            }
            state {
              method   = method.aes_gcm.test
              enforced = true
            }
            plan {
              method   = method.aes_gcm.test
              enforced = true
            }
          }
        }
        "#,
    );
    tf.config(&entries(""));
    tf.plan().succeeds();
    tf.apply_saved().succeeds();
    let state = fs::read_to_string(tf.state_file()).expect("a state");
    assert!(state.contains("encrypted_data") && !state.contains("acme/lib"), "{state}");
    tf.plan().changes_nothing();
    assert_eq!(tf.state().of("gitlab_job_token_allowlist_entry.lib")["target_project_id"], 2);
    tf.destroy().succeeds();
    assert_eq!(gitlab.allowlist(1).projects, [].into());
}

/// Returns entries for a project, with this in their block, and for a group.
fn entries(more: &str) -> String {
    format!(
        r#"
        resource "gitlab_job_token_allowlist_entry" "lib" {{
          project        = "acme/app"
          target_project = "acme/lib"
          {more}
        }}
        resource "gitlab_job_token_allowlist_entry" "team" {{
          project      = "acme/app"
          target_group = "partners"
        }}
        "#
    )
}
