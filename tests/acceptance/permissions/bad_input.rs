//! Mistakes in the two attributes: each is one clear message that points at the attribute at fault.

use insta::assert_snapshot;

use super::*;

/// What planning says to the entry with these arguments.
#[track_caller]
fn error(arguments: &str) -> Option<String> {
    let gitlab = acme();
    let tf = workspace(&gitlab)?;
    tf.config(&entry(arguments));
    let error = tf.plan().error();
    assert_eq!(graphql(&gitlab.requests()).to_string(), "");
    Some(error)
}

#[test]
fn policies_beside_the_default_permissions() {
    let Some(error) = error("default_permissions = true\njob_token_policies = [\"READ_JOBS\"]") else { return };
    assert_snapshot!(error, @"");
}

#[test]
fn a_policy_in_lower_case() {
    let Some(error) = error(r#"job_token_policies = ["read_jobs"]"#) else { return };
    assert_snapshot!(error, @"");
}

#[test]
fn a_policy_with_blanks_around_it() {
    let Some(error) = error(r#"job_token_policies = [" READ_JOBS"]"#) else { return };
    assert_snapshot!(error, @"");
}

#[test]
fn a_policy_that_is_no_name() {
    let Some(error) = error(r#"job_token_policies = ["*"]"#) else { return };
    assert_snapshot!(error, @"");
}

#[test]
fn a_policy_that_is_null() {
    let Some(error) = error("job_token_policies = [null]") else { return };
    assert_snapshot!(error, @"");
}

#[test]
fn a_policy_that_gitlab_does_not_know_is_an_error_at_the_attribute_and_nothing_is_added() {
    let gitlab = acme();
    let Some(tf) = workspace(&gitlab) else { return };
    tf.config(&entry(r#"job_token_policies = ["READ_JOBS", "READ_TEA_LEAVES"]"#));

    assert_snapshot!(tf.apply().error(), @"");

    assert_eq!(held(&gitlab), None);
    assert!(tf.state().addresses().is_empty());
}

#[test]
fn a_policy_that_gitlab_does_not_know_leaves_an_entry_as_it_is() {
    let gitlab = acme();
    let Some(tf) = applied(&gitlab, JOBS) else { return };
    tf.config(&entry(r#"job_token_policies = ["READ_TEA_LEAVES"]"#));

    assert_snapshot!(tf.apply().error(), @"");

    assert_eq!(held(&gitlab), Some(only(&["READ_JOBS"])));
    assert_eq!(tf.state().of(ENTRY)["job_token_policies"], serde_json::json!(["READ_JOBS"]));
    tf.config(&entry(JOBS));
    tf.plan().changes_nothing();
}

#[test]
fn policies_that_turn_out_to_contradict_are_an_error_at_apply() {
    let gitlab = acme();
    let Some(tf) = workspace(&gitlab) else { return };
    let default = "resource \"terraform_data\" \"default\" {\n  input = true\n}\n";
    let contradiction = "default_permissions = terraform_data.default.output\njob_token_policies = [\"READ_JOBS\"]";
    tf.config(&format!("{default}{}", entry(contradiction)));
    tf.plan().succeeds();

    assert_snapshot!(tf.apply_saved().error(), @"");

    assert_eq!(held(&gitlab), None);
}
