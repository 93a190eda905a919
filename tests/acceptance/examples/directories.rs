//! The layout that the registry's documentation tools expect, and a test for every example.

use std::collections::BTreeSet;
use std::fs;

use terraform_provider_gitlab_job_token::framework::Provider as _;
use terraform_provider_gitlab_job_token::provider::GitlabJobToken;

use super::{example, guides, names_in, text};

const RESOURCE_FILES: [&str; 4] =
    ["import-by-identity.tf", "import-by-string-id.tf", "import.sh", "resource.tf"];

fn set<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

fn provider() -> GitlabJobToken {
    GitlabJobToken::in_environment(Box::new(|_| None))
}

#[test]
fn every_example_is_tested() {
    let tested = ["README.md", "data-sources", "guides", "list-resources", "provider", "resources"];
    // The quickstart is a program with its configuration beside it, and is run as one.
    let mut found = names_in("");
    found.remove("quickstart");
    assert_eq!(found, set(tested));
    assert_eq!(names_in("provider"), set(["provider.tf"]));
}

#[test]
fn every_resource_has_an_example_of_use_and_of_each_import() {
    let resources = provider().resources();
    assert_eq!(names_in("resources"), set(resources.iter().map(|resource| resource.type_name())));
    for resource in resources {
        let directory = format!("resources/{}", resource.type_name());
        assert_eq!(names_in(&directory), set(RESOURCE_FILES), "{directory}");
    }
}

#[test]
fn every_data_source_has_an_example() {
    let data_sources = provider().data_sources();
    assert_eq!(
        names_in("data-sources"),
        set(data_sources.iter().map(|data_source| data_source.type_name()))
    );
    for data_source in data_sources {
        let directory = format!("data-sources/{}", data_source.type_name());
        assert_eq!(names_in(&directory), set(["data-source.tf"]), "{directory}");
    }
}

#[test]
fn every_list_resource_has_an_example() {
    let list_resources = provider().list_resources();
    assert_eq!(names_in("list-resources"), set(list_resources.iter().map(|list| list.type_name())));
    for list in list_resources {
        let directory = format!("list-resources/{}", list.type_name());
        assert_eq!(names_in(&directory), set(["list-resource.tfquery.hcl"]), "{directory}");
    }
}

#[test]
fn every_guide_has_a_readme_and_a_test_and_is_listed() {
    let listed = text("README.md");
    assert_eq!(names_in("guides"), set(guides::TESTED.iter().map(|(directory, _)| *directory)));
    for (directory, _) in guides::TESTED {
        assert!(
            listed.contains(&format!("(guides/{directory})")),
            "guides/{directory} is not in examples/README.md"
        );
        assert!(
            names_in(&format!("guides/{directory}")).contains("README.md"),
            "guides/{directory} has no README.md"
        );
    }
}

#[test]
fn every_version_constraint_admits_this_version() {
    let [major, minor, _] = env!("CARGO_PKG_VERSION").split('.').collect::<Vec<_>>()[..] else {
        panic!("a version has three parts")
    };
    let constraint = format!("version = \"~> {major}.{minor}\"");
    let mut checked = 0;
    let mut directories = vec![example("provider"), example("guides")];
    while let Some(directory) = directories.pop() {
        for path in fs::read_dir(directory)
            .expect("a directory")
            .map(|entry| entry.expect("an entry").path())
        {
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).expect("a text");
            if let Some((_, after)) = text.split_once("source  = \"aff15f21/gitlab-job-token\"") {
                assert!(
                    after.trim_start().starts_with(&constraint),
                    "{path:?} has no {constraint}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked >= 5, "only {checked} files name the provider");
}
