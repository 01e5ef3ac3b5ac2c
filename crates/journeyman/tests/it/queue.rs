//! The durable queue over real HTTP: jobs go on after the process ends, and none is paid twice. Outcomes and
//! counts only.

use std::path::Path;

use journeyman::queue::{Queue, QueueAccount, QueueStore, Request};
use journeyman::{Client, FormAnswer};
use journeyman_jobs::change::{Applied, Change};
use journeyman_jobs::engine::EngineSettings;
use journeyman_jobs::job::{Job, JobId, NewJob, State};
use journeyman_jobs::store::Filter;

use crate::bench::{Bench, files, visible};

fn open(bench: &Bench, client: Client, owner: &str) -> Queue {
    let store = QueueStore::open(&bench.folder.path().join("jobs.sqlite3"), bench.clock).expect("a store");
    let account = QueueAccount { name: "mine".to_owned(), client, slots: 3 };
    Queue::open(store, vec![account], EngineSettings::new(owner), bench.clock)
}

fn imagine(prompt: &str) -> NewJob {
    NewJob {
        request: Request::Imagine { prompt: prompt.to_owned() }.to_text(),
        title: prompt.to_owned(),
        step: "imagine".to_owned(),
        key: Some(prompt.to_owned()),
        ..NewJob::default()
    }
}

fn press(label: &str, parent: JobId) -> NewJob {
    let request = Request::Press { label: label.to_owned(), values: Vec::new(), form: FormAnswer::default() };
    NewJob {
        request: request.to_text(),
        title: label.to_owned(),
        step: label.to_owned(),
        key: Some(format!("{parent} {label}")),
        parent: Some(parent),
        ..NewJob::default()
    }
}

async fn all(queue: &Queue) -> Vec<Job> {
    queue.store().read(|store| store.list(&Filter::default())).await.expect("a store")
}

async fn ended(queue: &Queue, ids: &[JobId]) -> Vec<Job> {
    let mut jobs = Vec::new();
    for id in ids {
        jobs.push(queue.ended(*id).await.expect("a store"));
    }
    jobs
}

fn assert_finished(jobs: &[Job], folder: &Path) {
    for job in jobs {
        assert_eq!(job.state, State::Finished, "{job:?}");
        let end = job.end.as_ref().expect("an end");
        let [file] = &end.files[..] else { panic!("one image of {job:?}") };
        assert!(Path::new(&file.path).starts_with(folder) && Path::new(&file.path).exists(), "{file:?}");
        assert_eq!(file.sha256.len(), 64);
    }
}

fn images(folder: &Path) -> usize {
    let is_image = |file: &&std::path::PathBuf| file.extension().is_some_and(|extension| extension == "png");
    files(folder).iter().filter(is_image).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queued_jobs_and_their_steps_finish_with_their_images_on_disk() {
    let bench = Bench::new(visible("happy")).await;
    let queue = open(&bench, bench.client.clone(), "first");
    let ids = queue.add(vec![imagine("a cat"), imagine("a dog"), imagine("a fox")]).await.unwrap();
    let steps = queue.add(vec![press("U1", ids[0]), press("V2", ids[1])]).await.unwrap();
    // The same again adds nothing.
    assert_eq!(queue.add(vec![imagine("a cat")]).await.unwrap(), ids[..1]);
    let ids: Vec<JobId> = ids.into_iter().chain(steps).collect();
    let jobs = ended(&queue, &ids).await;
    assert_finished(&jobs, bench.folder.path());
    assert_eq!(all(&queue).await.len(), 5);
    queue.drain().await;
    bench.assert_each_once(5);
    assert_eq!(images(bench.folder.path()), 5);
    for job in jobs {
        let id = job.id;
        let charges = queue.store().read(move |store| store.charges(id)).await.unwrap();
        assert!(charges.iter().any(|charge| charge.certainty == "certain"), "{charges:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_ends_in_the_middle_loses_no_job_and_pays_none_twice() {
    let bench = Bench::new(visible("happy")).await;
    let prompts = ["a cat", "a dog", "a fox", "a cow", "a pig", "an ox"];
    for life in 0..4 {
        // A runtime of its own: when it goes, everything of this life goes with it.
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (queue, ids) = {
            let _inside = runtime.enter();
            let client = Client::new(&bench.settings, bench.clock).expect("a client");
            let queue = open(&bench, client, &format!("life {life}"));
            let jobs = prompts.map(imagine).to_vec();
            let adding = queue.clone();
            (queue, runtime.spawn(async move { adding.add(jobs).await.unwrap() }).await.unwrap())
        };
        // It dies sooner or later in a job's life.
        bench.clock.sleep_until(bench.clock.now() + std::time::Duration::from_secs(4 + 7 * life)).await;
        drop(queue);
        runtime.shutdown_background();
        assert_eq!(ids.len(), 6);
    }
    let queue = open(&bench, bench.client.clone(), "last");
    let ids = queue.add(prompts.map(imagine).to_vec()).await.unwrap();
    for job in ended(&queue, &ids).await.into_iter().filter(|job| job.state == State::Unknown) {
        // The judge sees more than a client can: the process ended between its journal and the request.
        assert!(bench.sim.report().jobs.iter().all(|one| one.prompt != job.asked.title), "{job:?}");
        let end = job.end.expect("an end");
        assert!(!end.text.is_empty() && !end.hint.is_empty(), "{end:?}");
        let why = "the channel shows nothing of it".to_owned();
        let resolve = Change::Resolve { job: job.id, to: State::WaitingForSlot, why };
        assert_eq!(queue.change(vec![resolve]).await.unwrap(), [Applied::Done]);
    }
    let jobs = ended(&queue, &ids).await;
    assert_finished(&jobs, bench.folder.path());
    queue.drain().await;
    bench.assert_each_once(6);
    assert_eq!(images(bench.folder.path()), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_pauses_the_account_and_its_jobs_wait() {
    let bench = Bench::new(visible("blocked")).await;
    let queue = open(&bench, bench.client.clone(), "first");
    let ids = queue.add(vec![imagine("a cat"), imagine("a dog")]).await.unwrap();
    let pauses = loop {
        let pauses = queue.store().read(|store| store.pauses()).await.unwrap();
        if !pauses.is_empty() {
            break pauses;
        }
        bench.clock.sleep_until(bench.clock.now() + std::time::Duration::from_secs(1)).await;
    };
    assert_eq!(pauses[0].kind, "AccountBlocked");
    assert!(!pauses[0].why.is_empty());
    queue.drain().await;
    for id in ids {
        let job = queue.job(id).await.unwrap().unwrap();
        assert_eq!(job.state, State::WaitingForSlot, "{job:?}");
    }
    assert!(bench.sim.report().jobs.iter().all(|job| job.charged == 0));
    // A human decides otherwise.
    let applied = queue.change(vec![Change::Cancel(JobId(1)), Change::Cancel(JobId(2))]).await.unwrap();
    assert_eq!(applied.len(), 2);
}
