//! The GraphQL API, with one module for each part.

mod auth_log;
mod entries;
mod granular;
mod mutations;
mod queries;
mod refusals;
mod schema;
mod settings;
mod traffic;

use serde_json::{Value, json};

use crate::kit::{Api, Fixture, Reply};

/// Adds an entry and reads it back from the payload.
const ADD: &str = "mutation Add($input: CiJobTokenScopeAddGroupOrProjectInput!) {
  ciJobTokenScopeAddGroupOrProject(input: $input) {
    ciJobTokenScopeAllowlistEntry {
      defaultPermissions jobTokenPolicies
      target { ... on CiJobTokenAccessibleProject { id } ... on CiJobTokenAccessibleGroup { id } }
    }
    errors
  }
}";

/// Replaces the permissions of an entry.
const UPDATE: &str = "mutation Update($input: CiJobTokenScopeUpdatePoliciesInput!) {
  ciJobTokenScopeUpdatePolicies(input: $input) {
    ciJobTokenScopeAllowlistEntry { defaultPermissions jobTokenPolicies }
    errors
  }
}";

/// GitLab's message if something doesn't exist, is hidden or forbidden.
const NOT_AVAILABLE: &str = "The resource that you are attempting to access does not exist or you \
                             don't have permission to perform this action";

impl Api {
    /// Returns a GraphQL request with variables.
    async fn graphql(&self, query: &str, variables: Value) -> Reply {
        self.post("/api/graphql", &json!({ "query": query, "variables": variables })).await
    }

    /// Returns the JSON of a GraphQL response, whose status is always 200.
    async fn ask(&self, query: &str, variables: Value) -> Value {
        let reply = self.graphql(query, variables).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// Returns the data of a response without errors.
    async fn data(&self, query: &str, variables: Value) -> Value {
        let response = self.ask(query, variables).await;
        assert_eq!(response.get("errors"), None, "{response}");
        response["data"].clone()
    }
}

impl Fixture {
    /// Returns a client of the instance's root, with the administrator's token.
    fn graphql(&self) -> Api {
        Api::new(&self.gitlab.url(), self.gitlab.token())
    }

    /// Returns a client of the instance's root with another token.
    fn graphql_as(&self, spec: gitlab_simulator::TokenSpec) -> Api {
        Api::new(&self.gitlab.url(), &self.gitlab.add_token(spec))
    }
}

/// Returns the input of an addition of `acme/lib` to `acme/app` with policies instead of the
/// default permissions.
fn limited(policies: &[&str]) -> Value {
    json!({
        "input": {
            "projectPath": "acme/app",
            "targetPath": "acme/lib",
            "defaultPermissions": false,
            "jobTokenPolicies": policies,
        },
    })
}
