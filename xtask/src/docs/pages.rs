//! The pages: one for the provider, one for each of its types, and the guides.

use std::path::{Path, PathBuf};

use terraform_provider_gitlab_job_token::framework::{IdentitySchema, Provider, Schema};
use terraform_provider_gitlab_job_token::provider::{GitlabJobToken, TYPE_PREFIX};

use super::attributes;
use super::problem::DocsError;
use super::prose::{fenced, fill_in, template};
use super::{Pages, files};

/// The provider's type in registries.
const PROVIDER: &str = "gitlab-job-token";

/// A note in every page that it is generated.
const NOTICE: &str = "<!-- Made by `cargo xtask docs`. Change the schema, examples/ or docs-src/, \
    and run that again. -->";

const IMPORT_BLOCK: &str = "https://developer.hashicorp.com/terraform/language/import";
const IMPORT_COMMAND: &str = "https://developer.hashicorp.com/terraform/cli/commands/import";

/// Returns all pages.
pub(super) fn all(project: &Path) -> Result<Pages, DocsError> {
    let provider = GitlabJobToken::in_environment(Box::new(|_| None));
    let mut pages = Pages::from([("index.md".into(), index(project, &provider.schema())?)]);
    for resource in provider.resources() {
        let identity = resource.identity_schema();
        let page = Reference {
            kind: Kind::Resource,
            name: resource.type_name(),
            schema: resource.schema(),
        };
        pages.insert(page.path(), page.text(project, Some(&identity))?);
    }
    for data_source in provider.data_sources() {
        let page = Reference {
            kind: Kind::DataSource,
            name: data_source.type_name(),
            schema: data_source.schema(),
        };
        pages.insert(page.path(), page.text(project, None)?);
    }
    for list in provider.list_resources() {
        let page =
            Reference { kind: Kind::ListResource, name: list.type_name(), schema: list.schema() };
        pages.insert(page.path(), page.text(project, None)?);
    }
    let guides = project.join("docs-src/guides");
    for guide in files(&guides).map_err(|error| DocsError::Unreadable(guides, error))? {
        pages.insert(Path::new("guides").join(&guide), self::guide(project, &guide)?);
    }
    Ok(pages)
}

fn index(project: &Path, schema: &Schema) -> Result<String, DocsError> {
    let front = front_matter(&format!("{PROVIDER} Provider"), None, schema.description);
    let text = template(project, "index.md")?.unwrap_or_default();
    let text = fill_in(project, &text, &attributes::schema(schema))?;
    Ok(format!("{front}\n{NOTICE}\n\n{text}"))
}

/// Returns the page of a guide, which has its own title and description.
fn guide(project: &Path, file: &Path) -> Result<String, DocsError> {
    let template = template(project, &format!("guides/{}", file.display()))?.unwrap_or_default();
    let front = template.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    let (front, text) = front.ok_or_else(|| DocsError::NoFrontMatter(file.to_owned()))?;
    Ok(format!("---\n{front}\n---\n\n{NOTICE}\n{}", fill_in(project, text, "")?))
}

/// A reference page: its subject and kind.
struct Reference {
    kind: Kind,
    name: &'static str,
    schema: Schema,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Resource,
    DataSource,
    ListResource,
}

impl Kind {
    /// Returns the kind as titles write it.
    fn title(self) -> &'static str {
        match self {
            Kind::Resource => "Resource",
            Kind::DataSource => "Data Source",
            Kind::ListResource => "List Resource",
        }
    }

    /// Returns the folder's name in `docs/`, `examples/` and `docs-src/`.
    fn folder(self) -> &'static str {
        match self {
            Kind::Resource => "resources",
            Kind::DataSource => "data-sources",
            Kind::ListResource => "list-resources",
        }
    }

    fn example(self) -> &'static str {
        match self {
            Kind::Resource => "resource.tf",
            Kind::DataSource => "data-source.tf",
            Kind::ListResource => "list-resource.tfquery.hcl",
        }
    }
}

impl Reference {
    /// Registries want the name without the prefix that all names of the provider share.
    fn path(&self) -> PathBuf {
        let short = self
            .name
            .strip_prefix(TYPE_PREFIX)
            .map_or(self.name, |rest| rest.trim_start_matches('_'));
        Path::new(self.kind.folder()).join(format!("{short}.md"))
    }

    fn text(&self, project: &Path, identity: Option<&IdentitySchema>) -> Result<String, DocsError> {
        let Reference { kind, name, schema } = self;
        let title = format!("{name} {} - {PROVIDER}", kind.title());
        let mut parts = vec![
            format!("{}\n{NOTICE}\n", front_matter(&title, Some(""), schema.description)),
            format!("# {name} ({})\n\n{}\n", kind.title(), schema.description),
            format!("## Example Usage\n\n{}", fenced(project, &[&self.example(kind.example())])?),
        ];
        if let Some(prose) = template(project, &self.path().to_string_lossy())? {
            parts.push(fill_in(project, &prose, "")?);
        }
        parts.push(attributes::schema(schema));
        if let Some(identity) = identity {
            parts.push(self.import(project, identity)?);
        }
        Ok(parts.join("\n"))
    }

    fn example(&self, file: &str) -> PathBuf {
        Path::new("examples").join(self.kind.folder()).join(self.name).join(file)
    }

    fn import(&self, project: &Path, identity: &IdentitySchema) -> Result<String, DocsError> {
        let by_id = fenced(project, &[&self.example("import-by-string-id.tf")])?;
        let by_identity = fenced(project, &[&self.example("import-by-identity.tf")])?;
        let by_command = fenced(project, &[&self.example("import.sh")])?;
        let attributes = attributes::identity(identity);
        Ok(format!(
            "## Import\n\nWith an [`import` block]({IMPORT_BLOCK}) (Terraform 1.5, OpenTofu \
             1.6):\n\n{by_id}\n\
             With [`terraform import`]({IMPORT_COMMAND}) or `tofu import`:\n\n{by_command}\n\
             With an `import` block and an `identity` (Terraform 1.12, OpenTofu \
             1.12):\n\n{by_identity}\n{attributes}"
        ))
    }
}

/// Returns the front matter for registries. Every page except the provider's has a subcategory,
/// which may be empty.
fn front_matter(title: &str, subcategory: Option<&str>, description: &str) -> String {
    let subcategory =
        subcategory.map(|name| format!("subcategory: \"{name}\"\n")).unwrap_or_default();
    let plain = description.replace(['`', '*'], "");
    format!("---\npage_title: \"{title}\"\n{subcategory}description: |-\n  {plain}\n---\n")
}
