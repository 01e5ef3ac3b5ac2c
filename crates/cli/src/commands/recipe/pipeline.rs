//! The jobs of a recipe, some at once: each good end begins its children. It judges no prompt.

use std::collections::VecDeque;
use std::pin::pin;

use journeyman::{Client, ErrorKind, Finished, ImagineOptions, Job, Panel};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Step;
use super::stop::Stop;
use super::tree::{Ended, Node, Tree};
use crate::commands::screen;
use crate::commands::watching::Known;
use crate::config::Configuration;
use crate::error::Error;
use crate::show;

/// A job that may begin.
struct Start {
    node: usize,
    ask: Ask,
}

enum Ask {
    Imagine(String),
    Press { panel: Panel, label: String, step: usize },
}

/// How a recipe is run.
#[derive(Clone, Copy)]
pub(super) struct Options<'a> {
    /// How many jobs run at once.
    pub(super) parallel: usize,
    pub(super) json: bool,
    /// Where it is said which file each imagine's end is appended to, if any is.
    pub(super) outcomes: Option<&'a Configuration>,
}

/// How a job ended, and what is known of one that did not end well.
type Ending = Result<Finished, (journeyman::Error, Known)>;

/// Runs all prompts through all steps; the error is that of the job that failed first.
pub(super) async fn run(
    client: Client,
    prompts: &[String],
    steps: Vec<Step>,
    options: Options<'_>,
) -> Result<Option<Error>, Error> {
    let mut pipeline = Pipeline {
        client,
        steps: steps.into(),
        tree: Tree::default(),
        waiting: VecDeque::new(),
        running: JoinSet::new(),
        first: None,
        stop: None,
        options,
    };
    for (index, prompt) in prompts.iter().enumerate() {
        let node = pipeline.tree.add(Node::root(index + 1, prompt));
        pipeline.waiting.push_back(Start { node, ask: Ask::Imagine(prompt.clone()) });
    }
    pipeline.drain().await?;
    if !options.json {
        show::print(&pipeline.tree.text())?;
    }
    Ok(Stop::first(pipeline.stop, pipeline.first))
}

struct Pipeline<'a> {
    client: Client,
    steps: std::sync::Arc<[Step]>,
    tree: Tree,
    waiting: VecDeque<Start>,
    running: JoinSet<(usize, Ending)>,
    /// The error of the job that failed first.
    first: Option<Error>,
    /// After Ctrl-C.
    stop: Option<Stop>,
    options: Options<'a>,
}

impl Pipeline<'_> {
    async fn drain(&mut self) -> Result<(), Error> {
        let (stop, stopped) = watch::channel(false);
        let mut interrupted = pin!(tokio::signal::ctrl_c());
        // Heard from here on: before the first job, the signal would end the process.
        tokio::select! {
            biased;
            Ok(()) = &mut interrupted => {
                let not_begun = self.waiting.len();
                self.stop = Some(Stop { not_begun, cut_off: 0 });
                return Ok(());
            }
            () = std::future::ready(()) => {}
        }
        loop {
            while self.running.len() < self.options.parallel
                && let Some(start) = self.waiting.pop_front()
            {
                self.begin(start, stopped.clone());
            }
            tokio::select! {
                // Both arms may be dropped: a set of tasks loses none, and the signal is kept by its future.
                ended = self.running.join_next() => match ended {
                    None => return Ok(()),
                    Some(Ok((node, ended))) => self.ended(node, ended)?,
                    Some(Err(why)) => {
                        let error = journeyman::Error::new(ErrorKind::Internal, "follow a job of the recipe");
                        return Err(error.with_source(why).into());
                    }
                },
                Ok(()) = &mut interrupted, if self.stop.is_none() => {
                    self.stop = Some(Stop::default());
                    // The tasks hold receivers, or have ended.
                    let _ = stop.send(true);
                }
            }
            // Nothing follows a stop any more.
            if let Some(stop) = &mut self.stop {
                stop.not_begun += self.waiting.len();
                self.waiting.clear();
            }
        }
    }

    fn begin(&mut self, start: Start, stopped: watch::Receiver<bool>) {
        let (client, steps) = (self.client.clone(), self.steps.clone());
        if !self.options.json {
            show::tell(&format!("{}: begun", self.tree.node(start.node).name()));
        }
        self.running.spawn(async move { (start.node, perform(&client, &steps, start.ask, stopped).await) });
    }

    fn ended(&mut self, index: usize, ended: Ending) -> Result<(), Error> {
        let (ended, known) = match ended {
            Ok(finished) => (Ok(finished), None),
            Err((error, known)) => {
                let is_cut_off = error.kind() == ErrorKind::Cancelled;
                if let Some(stop) = self.stop.as_mut().filter(|_| is_cut_off) {
                    stop.cut_off += 1;
                }
                (Err(Error::from(error)), Some(known))
            }
        };
        if self.options.json {
            show::line(&self.tree.object(index, &ended, known.as_ref()))?;
        } else {
            show::tell(&self.tree.told(index, &ended));
        }
        if let (Some(prompt), Some(configuration)) = (self.tree.prompt(index), self.options.outcomes) {
            screen::record(prompt, configuration, &ended);
        }
        match ended {
            Ok(finished) => {
                self.tree.end(index, Ended::Files(finished.files));
                self.follow(index, finished.panel.as_ref())?;
            }
            Err(error) => {
                self.tree.end(index, Ended::Failed(error.brief()));
                self.first.get_or_insert(error);
            }
        }
        Ok(())
    }

    /// The next step's presses on a result; on one without buttons each of them fails.
    fn follow(&mut self, parent: usize, panel: Option<&Panel>) -> Result<(), Error> {
        let steps = self.steps.clone();
        let step = self.tree.node(parent).depth;
        let Some(next) = steps.get(step) else { return Ok(()) };
        for (index, label) in next.labels.iter().enumerate() {
            let node = self.tree.add(self.tree.child(parent, index + 1, label));
            match panel {
                Some(panel) => {
                    let ask = Ask::Press { panel: panel.clone(), label: label.clone(), step };
                    self.waiting.push_back(Start { node, ask });
                }
                None => self.ended(node, Err((no_buttons(label), Known::default())))?,
            }
        }
        Ok(())
    }
}

async fn perform(client: &Client, steps: &[Step], ask: Ask, mut stopped: watch::Receiver<bool>) -> Ending {
    let mut job = tokio::select! {
        // Both arms may be dropped: a job that is not ready has not begun, and the value stays.
        begun = begin(client, steps, ask) => begun.map_err(|error| (error, Known::default()))?,
        () = heard(&mut stopped) => return Err((not_asked(), Known::default())),
    };
    let ended = tokio::select! {
        // Both arms may be dropped: the job goes on in the driver, and the value stays.
        ended = job.outcome() => ended,
        () = heard(&mut stopped) => {
            job.cancel().await;
            job.outcome().await
        }
    };
    ended.map_err(|error| (error, Known::of(&job)))
}

async fn begin(client: &Client, steps: &[Step], ask: Ask) -> Result<Job, journeyman::Error> {
    match ask {
        Ask::Imagine(prompt) => {
            // All were judged before the first was sent.
            let options = ImagineOptions { unjudged: true, ..ImagineOptions::default() };
            client.imagine_with(&client.fresh_links(&prompt).await?, options).await
        }
        Ask::Press { panel, label, step } => {
            let step = steps.get(step).ok_or_else(|| {
                journeyman::Error::new(ErrorKind::Internal, format!("press {label}: no such step"))
            })?;
            let values: Vec<_> = step.values.iter().map(String::as_str).collect();
            client.press_with(&panel, &label, &values, step.form.clone()).await
        }
    }
}

/// Waits for a stop; a sender that is gone never stops.
async fn heard(stopped: &mut watch::Receiver<bool>) {
    if stopped.wait_for(|stopped| *stopped).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn no_buttons(label: &str) -> journeyman::Error {
    let what = format!("press {label}: the result has nothing to press");
    journeyman::Error::new(ErrorKind::InvalidRequest, what).with_hint("leave that step out")
}

fn not_asked() -> journeyman::Error {
    journeyman::Error::new(ErrorKind::Cancelled, "begin a job of the recipe: stopped by Ctrl-C")
        .with_hint("nothing of it was sent")
}
