//! The orders in which the two sides of a hand-over send their requests.

use super::*;

/// The order of the requests of an apply. Of two sides, the first one destroys and the second one
/// creates; where every resource is replaced, each side does so with half of them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    FirstThenSecond,
    SecondThenFirst,
    /// The first side runs after the second one's plans and before its applies.
    FirstAmidSecond,
    /// Alternates between the sides.
    InTurn,
    AtOnce,
    /// The first side's removals wait until the second side is done.
    RemovalsHeld,
    /// The same with the responses to the removals.
    RemovalResponsesHeld,
    /// The second side's additions wait until the first side is done.
    AdditionsHeld,
    /// The same with the responses to the additions.
    AdditionResponsesHeld,
    /// The same with the responses to the second side's reads, which are then outdated.
    ReadingResponsesHeld,
}

use Order::{
    AdditionResponsesHeld, AdditionsHeld, AtOnce, FirstAmidSecond, FirstThenSecond, InTurn,
    ReadingResponsesHeld, RemovalResponsesHeld, RemovalsHeld, SecondThenFirst,
};

pub(super) const EVERY_ORDER: [Order; 10] = [
    FirstThenSecond,
    SecondThenFirst,
    FirstAmidSecond,
    InTurn,
    AtOnce,
    RemovalsHeld,
    RemovalResponsesHeld,
    AdditionsHeld,
    AdditionResponsesHeld,
    ReadingResponsesHeld,
];
/// The orders for sizes that take long.
pub(super) const SOME_ORDERS: [Order; 4] = [AtOnce, FirstAmidSecond, RemovalsHeld, AdditionsHeld];

pub(super) async fn apply(
    walk: &Walk,
    gitlab: &Simulator,
    changes: &[Change],
    order: Order,
) -> Vec<Outcome> {
    let (mut first, mut second): (Vec<_>, Vec<_>) =
        changes.iter().partition(|change| change.action == Action::Destroy);
    if first.is_empty() {
        first = second.split_off(second.len() / 2);
    }
    let (first, second) = (&first[..], &second[..]);
    match order {
        FirstThenSecond => [all(walk, first).await, all(walk, second).await].concat(),
        SecondThenFirst => [all(walk, second).await, all(walk, first).await].concat(),
        FirstAmidSecond => apply_first_amid_second(walk, first, second).await,
        InTurn => {
            let mut outcomes = Vec::new();
            for turn in 0..first.len().max(second.len()) {
                for change in second.get(turn).into_iter().chain(first.get(turn)) {
                    outcomes.push(walk.apply(change).await.unwrap());
                }
            }
            outcomes
        }
        AtOnce => all(walk, &[first, second].concat()).await,
        RemovalsHeld => held(gitlab, before(&REMOVALS), all(walk, first), all(walk, second)).await,
        RemovalResponsesHeld => {
            held(gitlab, after(&REMOVALS), all(walk, first), all(walk, second)).await
        }
        AdditionsHeld => {
            held(gitlab, before(&ADDITIONS), all(walk, second), all(walk, first)).await
        }
        AdditionResponsesHeld => {
            held(gitlab, after(&ADDITIONS), all(walk, second), all(walk, first)).await
        }
        ReadingResponsesHeld => {
            held(gitlab, after(&READINGS), all(walk, second), all(walk, first)).await
        }
    }
}

async fn all(walk: &Walk, changes: &[&Change]) -> Vec<Outcome> {
    let applied = join_all(changes.iter().map(|change| walk.apply(change))).await;
    applied.into_iter().collect::<Result<_, _>>().unwrap()
}

async fn apply_first_amid_second(
    walk: &Walk,
    first: &[&Change],
    second: &[&Change],
) -> Vec<Outcome> {
    let creates = second.iter().filter(|change| change.action == Action::Create);
    let plans =
        creates.map(|change| async move { (*change, walk.plan_again(change).await.unwrap()) });
    let planned = join_all(plans).await;
    let mut outcomes = all(walk, first).await;
    for (change, planned) in planned {
        outcomes.push(walk.put_as_planned(change, &planned).await.unwrap());
    }
    let others: Vec<_> =
        second.iter().filter(|change| change.action != Action::Create).copied().collect();
    outcomes.extend(all(walk, &others).await);
    outcomes
}

fn before(routes: &[Route]) -> Barrier {
    routes[1..].iter().copied().fold(Barrier::before(routes[0]), Barrier::on)
}

fn after(routes: &[Route]) -> Barrier {
    routes[1..].iter().copied().fold(Barrier::after(routes[0]), Barrier::on)
}

/// Runs one side as far as the barrier, then the other to its end, if it comes to one, then the
/// rest.
async fn held(
    gitlab: &Simulator,
    barrier: Barrier,
    held: impl Future<Output = Vec<Outcome>>,
    other: impl Future<Output = Vec<Outcome>>,
) -> Vec<Outcome> {
    let barrier = gitlab.hold(barrier);
    let (mut held, mut other) = (pin!(held), pin!(other));
    let ended = tokio::select! {
        outcomes = &mut held => Some(outcomes),
        _ = barrier.reached(1, LIMIT) => None,
    };
    let other = async {
        let done = timeout(SHORT, &mut other).await;
        drop(barrier);
        match done {
            Ok(outcomes) => outcomes,
            Err(_) => other.await,
        }
    };
    match ended {
        Some(outcomes) => [outcomes, other.await].concat(),
        None => {
            let (held, other) = tokio::join!(held, other);
            [held, other].concat()
        }
    }
}
