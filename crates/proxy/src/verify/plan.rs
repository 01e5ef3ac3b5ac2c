//! What is asked, in which order. Few of each kind, and never more at once than one.

use std::future::Future;

use journeyman_limiter::Method;
use serde_json::json;

use super::{Halt, Run};

/// How often a route is asked in a row: three answers show twice how `Reset` moves.
const IN_A_ROW: usize = 3;
/// A reaction, in a path.
const THUMB: &str = "%F0%9F%91%8D";

impl Run<'_> {
    /// The whole plan, unless something stops it.
    pub(super) async fn follow<F>(&mut self, tell: &mut impl FnMut(String) -> F) -> Result<(), Halt>
    where
        F: Future<Output = ()>,
    {
        tell("reading: the bot, the gateway's address, the channel, its messages".to_owned()).await;
        let channel = format!("/channels/{}", self.channel);
        let messages = format!("{channel}/messages");
        for path in ["/users/@me", "/gateway/bot", &channel, &format!("{messages}?limit=1")] {
            self.several(Method::Get, path).await?;
        }
        tell("writing, changing and reacting to a few messages".to_owned()).await;
        for _ in 0..IN_A_ROW {
            self.write().await?;
        }
        if let Some(message) = self.messages.last().cloned() {
            let message = format!("{messages}/{message}");
            self.several(Method::Get, &message).await?;
            for number in 0..IN_A_ROW {
                let body = json!({ "content": format!("journeyman-proxy verify, changed {number}") });
                self.ask(Method::Patch, &message, Some(body)).await?;
            }
            let reaction = format!("{message}/reactions/{THUMB}/@me");
            for _ in 0..IN_A_ROW {
                self.ask(Method::Put, &reaction, None).await?;
                self.ask(Method::Delete, &reaction, None).await?;
            }
        }
        tell("writing and deleting by turns: do they share a counter?".to_owned()).await;
        for _ in 0..IN_A_ROW {
            self.write().await?;
            self.delete().await?;
        }
        tell("deleting several in a row".to_owned()).await;
        for _ in 0..IN_A_ROW {
            self.delete().await?;
        }
        Ok(())
    }

    async fn several(&mut self, method: Method, path: &str) -> Result<(), Halt> {
        for _ in 0..IN_A_ROW {
            self.ask(method, path, None).await?;
        }
        Ok(())
    }

    async fn write(&mut self) -> Result<(), Halt> {
        let path = format!("/channels/{}/messages", self.channel);
        let body = json!({ "content": "journeyman-proxy verify: this is deleted soon", "flags": 4096 });
        let sample = self.ask(Method::Post, &path, Some(body)).await?;
        self.messages.extend(sample.body["id"].as_str().map(str::to_owned));
        Ok(())
    }

    async fn delete(&mut self) -> Result<(), Halt> {
        let Some(message) = self.messages.pop() else { return Ok(()) };
        let path = format!("/channels/{}/messages/{message}", self.channel);
        let asked = self.ask(Method::Delete, &path, None).await;
        if !asked.as_ref().is_ok_and(|sample| matches!(sample.answer.status, 200..300 | 404)) {
            // It is tried once more at the end.
            self.messages.push(message);
        }
        asked.map(|_| ())
    }
}
