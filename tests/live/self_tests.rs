//! Tests of the live test itself: it finds differences, and leaves nothing behind.

use std::collections::BTreeSet;

use gitlab_simulator::{Fault, Injection, Route, Simulator};
use libtest_mimic::{Failed, Trial};

use crate::check::Problem;
use crate::report::Findings;
use crate::simulated::{CURRENT, SimulatedSite};
use crate::{harness, life_cycles, statements};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("live test: each check has its own short name", each_check_has_a_short_name),
        Trial::test("live test: a difference is reported in full", a_difference_is_reported),
        Trial::test("live test: everything made is removed", everything_made_is_removed),
        Trial::test(
            "live test: delayed deletions take two requests",
            delayed_deletions_are_requested_twice,
        ),
    ]
}

fn each_check_has_a_short_name() -> Result<(), Failed> {
    let checks = [statements::all(), life_cycles::all()].concat();
    let names: BTreeSet<&str> = checks.iter().map(|check| check.name).collect();
    let long: Vec<&&str> = names.iter().filter(|name| name.chars().count() > 60).collect();
    if names.len() == checks.len() && long.is_empty() {
        Ok(())
    } else {
        Err(format!("{} names for {} checks, too long: {long:?}", names.len(), checks.len()).into())
    }
}

/// Makes GitLab return 200 and a body for a `PATCH`, and expects the difference in the report.
fn a_difference_is_reported() -> Result<(), Failed> {
    let played = SimulatedSite::new(CURRENT, None).map_err(|problem| format!("{problem:?}"))?;
    let secret = played.gitlab.token().to_owned();
    let body = format!("{{\"enabled\":true,\"token\":\"abc\",\"note\":\"{secret}\"}}");
    let fault = Fault::Responds { status: 200, content_type: "application/json".to_owned(), body };
    played.gitlab.inject(Injection::from(fault).on(Route::ScopePatch));
    let name = "REST: PATCH returns 204 with no body";
    let check = statements::all()
        .into_iter()
        .find(|check| check.name == name)
        .ok_or("the check is missing")?;
    let findings = Findings::default();
    match harness::verify(&played.site, &check) {
        Ok(()) => return Err("the check has passed".into()),
        Err(problem) => drop(findings.add(&check, &problem)),
    }
    let report = findings.render("18.8.0-ee").ok_or("there is no report")?;
    for part in [
        "GitLab version: 18.8.0-ee\n",
        check.statement,
        "Expected: status 204, no body\n",
        "PATCH /projects/",
        "\n200\n{\"enabled\":true,",
        "\"token\":\"[REDACTED]\"",
    ] {
        if !report.contains(part) {
            return Err(format!("no {part:?} in the report:\n{report}").into());
        }
    }
    if report.contains(&secret) || report.contains("<!--") && !report.contains("must stay private")
    {
        return Err(format!("a token or a gap in the report:\n{report}").into());
    }
    Ok(())
}

fn everything_made_is_removed() -> Result<(), Failed> {
    let played = SimulatedSite::new(CURRENT, None).map_err(|problem| format!("{problem:?}"))?;
    let make = || -> Result<_, Problem> {
        let project = played.site.project()?;
        let user = played.site.member(&project, 40, &["api"])?;
        Ok((project, played.site.subgroup()?, user.api.get("/user")?.status))
    };
    let (project, subgroup, status) = make().map_err(|problem| format!("{problem:?}"))?;
    if status != 200 {
        return Err("the user's token doesn't work".into());
    }
    let left = played.site.clean_up();
    let groups = [&subgroup.path, &played.site.group.path].map(|path| played.gitlab.group_id(path));
    let project = played.gitlab.project_id(&project.path);
    if !left.is_empty() || project.is_some() || groups != [None, None] {
        return Err(format!("left: {left:?}, {project:?}, {groups:?}").into());
    }
    let users = played.gitlab.requests().to_string().matches("DELETE /api/v4/users/").count();
    if users == 1 { Ok(()) } else { Err(format!("{users} deletions of users").into()) }
}

/// Deletes in two steps below a group. A top-level group is deleted by GitLab later.
fn delayed_deletions_are_requested_twice() -> Result<(), Failed> {
    for (parent, left) in [(Some("ours"), Vec::new()), (None, vec!["which waits for its deletion"])]
    {
        let gitlab = Simulator::builder().delays_deletion().start();
        gitlab.add_group("ours");
        let token = gitlab.token().to_owned();
        let played =
            SimulatedSite::of(gitlab, String::new(), token, parent.map(str::to_owned), None)
                .map_err(|problem| format!("{problem:?}"))?;
        let name = "REST: a deleted target leaves the allowlist";
        let check = statements::all()
            .into_iter()
            .find(|check| check.name == name)
            .ok_or("the check is missing")?;
        harness::verify(&played.site, &check).map_err(|problem| format!("{problem:?}"))?;
        let found = played.site.clean_up();
        if found.len() != left.len()
            || !found.iter().zip(&left).all(|(found, left)| found.ends_with(left))
        {
            return Err(format!("left: {found:?}").into());
        }
    }
    Ok(())
}
