//! `recipe`: images from prompts, and presses on what came, step by step. What a step does is its job's matter.

mod pipeline;
mod stop;
mod text;
mod tree;

pub(super) use text::Step as WrittenStep;

use std::path::Path;

use journeyman::{ErrorKind, FormAnswer};
use journeyman_midjourney::prompt::Prompt;

use super::account::Account;
use super::watching::ended;
use super::{lint, order, screen};
use crate::args;
use crate::config::{Configuration, Environment};
use crate::error::Error;
use crate::show;

/// How many jobs run at once unless told: what the smallest plan runs (Midjourney's docs, "Comparing Plans").
const PARALLEL: u8 = 3;

/// A step, understood: each label is pressed on every result of the step before.
struct Step {
    labels: Vec<String>,
    values: Vec<String>,
    form: FormAnswer,
}

/// The steps of a recipe, for prompts that stand elsewhere.
pub(super) fn steps_of(file: &Path) -> Result<Vec<WrittenStep>, Error> {
    text::steps(file)
}

/// Runs a recipe. With `--json` there is one line for each job, and one for what ends the recipe before any.
pub(super) async fn run(
    args: &args::Recipe,
    configuration: impl FnOnce() -> Result<Configuration, journeyman::Error>,
    environment: &Environment,
) -> Result<(), Error> {
    ended(args.door.json, follow(args, configuration, environment).await)
}

/// The error of the first job that failed, or what kept all of them from beginning.
async fn follow(
    args: &args::Recipe,
    configuration: impl FnOnce() -> Result<Configuration, journeyman::Error>,
    environment: &Environment,
) -> Result<Option<Error>, Error> {
    let recipe = text::read(&args.file)?;
    let steps = steps(args, &recipe)?;
    recipe.prompts.iter().try_for_each(|prompt| judge(prompt))?;
    let configuration = configuration()?;
    for prompt in &recipe.prompts {
        if !args.no_lint {
            lint::before_sending(prompt, &configuration.lint()?, environment)?;
        }
        screen::before_sending(prompt, &configuration, environment)?;
    }
    if args.dry_run {
        return plan(args, &recipe.prompts, &steps).map(|()| None);
    }
    let parallel = args.parallel.or(recipe.parallel.map(u8::from)).unwrap_or(PARALLEL);
    let account = Account::open(args.door.sim, &args.door.world, &configuration).await?;
    let ended = match account.client() {
        Ok(client) => {
            let options = pipeline::Options {
                parallel: usize::from(parallel),
                json: args.door.json,
                // Of a simulated world nothing is recorded: its bot refuses by script.
                outcomes: (!args.door.sim).then_some(&configuration),
            };
            pipeline::run(client, &recipe.prompts, steps, options).await
        }
        Err(error) => Err(error),
    };
    account.close().await;
    ended
}

/// The steps with their masks, which lie beside the recipe.
fn steps(args: &args::Recipe, recipe: &text::Recipe) -> Result<Vec<Step>, Error> {
    let step = |step: &text::Step| {
        let beside = |mask: &std::path::PathBuf| args.file.with_file_name("").join(mask);
        let mask = step.mask.as_ref().map(|mask| order::mask(&beside(mask))).transpose()?;
        let form = FormAnswer { prompt: step.prompt.clone(), mask };
        Ok(Step { labels: step.press.clone(), values: step.value.clone(), form })
    };
    recipe.steps.iter().map(step).collect()
}

/// Refuses before anything is sent what the library would refuse half-way.
fn judge(prompt: &str) -> Result<(), journeyman::Error> {
    let refused =
        |why: String, hint: &str| journeyman::Error::new(ErrorKind::InvalidPrompt, why).with_hint(hint);
    let parsed = Prompt::try_new(prompt).map_err(|why| refused(why.to_string(), &why.hint()))?;
    if parsed.makes_several_jobs() {
        let why = format!("the recipe's prompt {prompt:?} makes several jobs, and each here is one");
        return Err(refused(why, "write each of them as a prompt of its own"));
    }
    Ok(())
}

/// What would be done: for each prompt the image, then each step with how many jobs it is.
fn plan(args: &args::Recipe, prompts: &[String], steps: &[Step]) -> Result<(), Error> {
    let mut jobs_of_a_prompt = 1_u64;
    let mut results = 1_u64;
    let mut rows = Vec::new();
    for step in steps {
        results = results.saturating_mul(u64::try_from(step.labels.len()).unwrap_or(u64::MAX));
        jobs_of_a_prompt = jobs_of_a_prompt.saturating_add(results);
        rows.push((step.labels.join(", "), results));
    }
    let total = jobs_of_a_prompt.saturating_mul(u64::try_from(prompts.len()).unwrap_or(u64::MAX));
    if args.door.json {
        let steps: Vec<_> =
            rows.iter().map(|(labels, jobs)| serde_json::json!({"press": labels, "jobs": jobs})).collect();
        return show::line(&serde_json::json!({
            "event": "plan", "prompts": prompts, "steps_of_a_prompt": steps, "jobs": total,
        }));
    }
    for prompt in prompts {
        show::print(&format!("{prompt}: {}\n", jobs(1)))?;
        for (labels, count) in &rows {
            show::print(&format!("  then {labels}: {}\n", jobs(*count)))?;
        }
    }
    show::print(&format!("{} in all\n", jobs(total)))
}

fn jobs(count: u64) -> String {
    if count == 1 { "1 job".to_owned() } else { format!("{count} jobs") }
}
