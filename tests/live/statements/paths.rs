//! Projects and groups by path, over REST.

use serde_json::json;

use crate::check::{Check, Outcome, Problem};
use crate::site::{ProjectOrGroup, Site};

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "REST: paths of projects are case-insensitive",
        "`GET /projects/:encoded_path` returns 200 with `id`, `path_with_namespace` and `web_url`, \
         without regard to the case of the path.",
        project_by_path,
    ),
    Check::new(
        "REST: paths of groups are case-insensitive",
        "`GET /groups/:encoded_path?with_projects=false` returns 200 with `id`, `full_path` and \
         `web_url`, without `projects`, and without regard to the case of the path.",
        group_by_path,
    ),
    Check::new(
        "REST: a group has its projects by default",
        "`GET /groups/:id` without `with_projects=false` returns the projects of the group in \
         `projects`.",
        group_with_projects,
    ),
    Check::new(
        "REST: unknown paths return 404",
        "`GET /projects/:encoded_path` and `GET /groups/:encoded_path` of a path that doesn't \
         exist return 404 \"404 Project Not Found\" and \"404 Group Not Found\".",
        unknown_paths,
    ),
    Check::new(
        "REST: GET of a former path redirects to the ID",
        "`GET` of the former path of a renamed project, also below it, returns 301 with the same \
         address by ID in `Location`.",
        former_path_redirects,
    ),
    Check::new(
        "REST: writes to a former path return 405",
        "`PATCH /projects/:id/job_token_scope` with the former path of a renamed project returns \
         405.",
        former_path_rejects_writes,
    ),
    Check::new(
        "REST: a group's projects include those of subgroups",
        "`GET /groups/:id/projects?include_subgroups=true` lists the projects of subgroups, too.",
        projects_of_subgroups,
    ),
];

fn project_by_path(site: &Site) -> Outcome {
    let project = site.project()?;
    for path in [project.encoded(), project.encoded().to_uppercase().replace("%2F", "%2f")] {
        let response = site.api.get(&format!("/projects/{path}"))?.has_status(200)?;
        let found = response.json();
        let holds = found["id"] == project.id
            && found["path_with_namespace"] == project.path
            && found["web_url"].is_string();
        response.expect(format!("the project {} ({})", project.id, project.path), holds)?;
    }
    Ok(())
}

fn group_by_path(site: &Site) -> Outcome {
    let group = site.subgroup()?;
    for path in [group.encoded(), group.encoded().to_uppercase()] {
        let response =
            site.api.get(&format!("/groups/{path}?with_projects=false"))?.has_status(200)?;
        let found = response.json();
        let holds = found["id"] == group.id
            && found["full_path"] == group.path
            && found["web_url"].is_string()
            && found.get("projects").is_none();
        response.expect(
            format!("the group {} ({}), without `projects`", group.id, group.path),
            holds,
        )?;
    }
    Ok(())
}

fn group_with_projects(site: &Site) -> Outcome {
    let group = site.subgroup()?;
    let project = site.project_in(&group)?;
    let response = site.api.get(&format!("/groups/{}", group.id))?.has_status(200)?;
    let holds = response.json()["projects"][0]["id"] == project.id;
    response.expect(format!("`projects` with project {}", project.id), holds).map(drop)
}

fn unknown_paths(site: &Site) -> Outcome {
    let path = format!("{}%2Fnobody", site.group.encoded());
    site.api
        .get(&format!("/projects/{path}"))?
        .is(404, &json!({ "message": "404 Project Not Found" }))?;
    site.api.get(&format!("/groups/{path}"))?.is(404, &json!({ "message": "404 Group Not Found" }))
}

/// Makes a project and renames it. Returns it as it was.
fn renamed(site: &Site) -> Result<ProjectOrGroup, Problem> {
    let project = site.project()?;
    let path = format!("renamed-{}", project.id);
    site.api.put(&format!("/projects/{}", project.id), &json!({ "path": path }))?.created(200)?;
    Ok(project)
}

fn former_path_redirects(site: &Site) -> Outcome {
    let former = renamed(site)?;
    for below in ["", "/job_token_scope"] {
        let response =
            site.api.get(&format!("/projects/{}{below}", former.encoded()))?.has_status(301)?;
        let end = format!("/projects/{}{below}", former.id);
        let leads = response.header("location").is_some_and(|to| to.ends_with(&end));
        response.expect(format!("a `Location` that ends in {end}"), leads)?;
    }
    Ok(())
}

fn former_path_rejects_writes(site: &Site) -> Outcome {
    let path = format!("/projects/{}/job_token_scope", renamed(site)?.encoded());
    site.api.patch(&path, &json!({ "enabled": true }))?.has_status(405).map(drop)
}

fn projects_of_subgroups(site: &Site) -> Outcome {
    let group = site.subgroup()?;
    let project = site.project_in(&group)?;
    let path = format!("/groups/{}/projects?include_subgroups=true&per_page=100", site.group.id);
    let mut page = 1;
    loop {
        let response = site.api.get(&format!("{path}&page={page}"))?.has_status(200)?;
        if response.ids().contains(&project.id) {
            return Ok(());
        }
        if response.header("x-next-page").is_none_or(str::is_empty) {
            return response
                .expect(format!("project {} on one of the pages", project.id), false)
                .map(drop);
        }
        page += 1;
    }
}
