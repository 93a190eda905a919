//! Data source `gitlab_job_token_policies`: the policies that this version of GitLab supports.

use crate::framework::{
    Attr, Attribute, Context, DataSource, Diagnostic, Errors, Schema, Set, Type, Warnings, model,
};
use crate::provider::connection::Connection;
use crate::provider::report::{report, sentence};

/// The data source.
pub(in crate::provider) struct JobTokenPolicies;

model! {
    /// The attributes, as the schema documents them.
    pub(in crate::provider) struct PoliciesModel {
        names: Set<String>,
    }
}

impl DataSource for JobTokenPolicies {
    type Client = Connection;
    type Model = PoliciesModel;
    const TYPE_NAME: &'static str = "gitlab_job_token_policies";

    fn schema(&self) -> Schema {
        let attributes = vec![Attribute::computed(
            "names",
            Type::set(Type::String),
            "Names of all policies, such as `READ_JOBS` and `ADMIN_PACKAGES`.",
        )];
        let description = "Reads the names of the policies that `job_token_policies` accepts on \
                           your version of GitLab. Needs GitLab 18.0 or later.";
        Schema { version: 0, description, attributes }
    }

    fn validate(&self, _: &PoliciesModel, _: &Warnings) -> Result<(), Errors> {
        Ok(())
    }

    async fn read(
        &self,
        context: Context<'_, Connection>,
        _: PoliciesModel,
    ) -> Result<PoliciesModel, Errors> {
        let policies = context.client.gitlab.policies().await;
        let policies = policies.map_err(|error| {
            if error.is_supported() {
                return report("Can't read the job token policies", &error);
            }
            let detail = format!(
                "{}\n\nPolicies need GitLab 18.0 or later. Upgrade GitLab, or \
                remove the data source.",
                sentence(&error)
            );
            Diagnostic::new("Can't read the job token policies", detail)
        })?;
        Ok(PoliciesModel {
            names: Attr::Known(Set(policies.iter().cloned().map(Attr::Known).collect())),
        })
    }
}
