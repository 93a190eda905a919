//! What every version has works in every version.

use super::*;
use crate::kit::workspace;

const ALL: &str = r#"
resource "gitlab_job_token_scope" "app" {
  project = "acme/app"
}

resource "gitlab_job_token_allowlist_entry" "lib" {
  project        = "acme/app"
  target_project = "acme/lib"
}

resource "gitlab_job_token_allowlist_entry" "team" {
  project      = "acme/app"
  target_group = "partners/team"
}

resource "gitlab_job_token_allowlist_exclusive" "other" {
  project         = "acme/other"
  target_projects = ["acme/app", "acme/lib"]
  target_groups   = ["partners"]
}

data "gitlab_job_token_allowlist" "other" {
  project    = "acme/other"
  depends_on = [gitlab_job_token_allowlist_exclusive.other]
}
"#;

#[test]
fn membership_and_access_are_managed_in_every_version() {
    for version in VERSIONS {
        let gitlab = of_version(version);
        let Some(tf) = workspace(&gitlab) else { return };
        tf.config(ALL);
        tf.apply().succeeds().warns_of_nothing();
        assert_eq!(gitlab.allowlist(APP).projects, [LIB].into(), "{version}");
        assert_eq!(gitlab.allowlist(3).projects, [APP, LIB].into(), "{version}");
        tf.plan().changes_nothing().warns_of_nothing();
        gitlab.revoke(APP, TARGET);
        tf.apply().succeeds();
        assert_eq!(gitlab.allowlist(APP).projects, [LIB].into(), "{version}");
        tf.destroy().succeeds();
        assert!(gitlab.allowlist(3).projects.is_empty(), "{version}");
    }
}

#[test]
fn permissions_are_managed_from_their_first_version_on() {
    for version in VERSIONS.into_iter().skip(2) {
        let gitlab = of_version(version);
        gitlab.set_fine_grained_permissions(APP, true);
        let Some(tf) = workspace(&gitlab) else { return };
        tf.config(&entry("target_project = \"acme/lib\"\n  job_token_policies = [\"READ_JOBS\"]"));
        tf.apply().succeeds().warns_of_nothing();
        assert_eq!(gitlab.permissions(APP, TARGET), Some(only(&["READ_JOBS"])), "{version}");
        tf.plan().changes_nothing().warns_of_nothing();
        gitlab.set_permissions(APP, TARGET, only(&[]));
        tf.apply().succeeds();
        assert_eq!(gitlab.permissions(APP, TARGET), Some(only(&["READ_JOBS"])), "{version}");
        tf.destroy().succeeds();
        assert_eq!(gitlab.permissions(APP, TARGET), None, "{version}");
    }
}
