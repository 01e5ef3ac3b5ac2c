//! A fake Discord with the Midjourney bot on top, so that everything runs and is tested offline.
//!
//! It shares no type and no code with the client; it is written from captures and from Discord's docs.
//! Comments tell where a behaviour comes from: *real* (a capture or Discord's own words), *peer* (read in
//! another program's code) or *inferred* (ours).
//!
//! A [`World`] is plain values in and out: requests and the time go in, answers come out. It reads no clock,
//! and the same [`Settings`] give the same world.
//!
//! ```
//! use std::time::Duration;
//!
//! use journeyman_sim::{HttpRequest, Settings, World};
//!
//! let mut world = World::new(Settings::default());
//! let ready = world.ready();
//! let answer = world.handle(
//!     Duration::ZERO,
//!     HttpRequest {
//!         method: "GET".to_owned(),
//!         path: "/api/v10/users/@me".to_owned(),
//!         headers: vec![("Authorization".to_owned(), ready.token.clone())],
//!         body: Vec::new(),
//!     },
//! );
//! assert_eq!(answer.status, 200);
//! assert_eq!(answer.json().unwrap()["id"], ready.user_id.as_str());
//! ```
//!
//! Its gateway is the same: a socket's frames go in, and what it is sent is taken out.
//!
//! ```
//! use std::time::Duration;
//!
//! use journeyman_sim::{Frame, Settings, World};
//!
//! let mut world = World::new(Settings::default());
//! let token = world.ready().token;
//! let now = Duration::ZERO;
//! let socket = world.connect(now).expect("the gateway is up");
//! world.frame(now, socket, &format!(r#"{{"op":2,"d":{{"token":"{token}"}}}}"#));
//! let frames: Vec<_> = std::iter::from_fn(|| world.next_frame(socket)).collect();
//! let [Frame::Text(hello), Frame::Text(ready)] = &frames[..] else { panic!("{frames:?}") };
//! assert!(hello.contains(r#""op":10"#) && ready.contains("READY"));
//! ```
//!
//! [`serve`] puts a world behind a real socket, both sides of it.
//!
//! The bot answers all commands of a captured list and all buttons under its own messages, opens windows (modals, and the
//! frame of Vary (Region), whose mask goes to `POST {origin}/inpaint/api/submit-job`), and keeps settings for each account.
//! [`Report::jobs`] tells of each job its kind, its parent and what it cost.

mod account;
mod api;
mod bot;
mod caption;
mod cdn;
mod choice;
mod component;
mod discord;
mod error_body;
mod fault;
mod gateway;
mod http;
mod limit_scenario;
mod limits;
mod message;
mod mirror;
mod notice;
mod picture;
mod report;
mod rest;
mod route;
mod scenario;
mod script;
mod settings;
mod snowflake;
mod timers;
mod traffic;
mod wall;
mod world;

pub use choice::UnknownChoice;
pub use discord::Event;
pub use fault::{FaultKind, FaultRule};
pub use gateway::{
    Frame, GatewayFault, GatewayFaultKind, GatewayReport, GatewaySettings, SessionReport, SocketKey, When,
};
pub use http::{Connection, Fault, HttpAnswer, HttpRequest};
pub use limit_scenario::{LimitScenario, limit_scenarios};
pub use limits::{
    Acceptance, EdgeAnswer, InvalidLimit, Kind, Limits, Per, Rate, RouteLimit, Who, WindowModel,
};
pub use mirror::{Behaviour, Source, behaviours};
pub use picture::{PictureOwner, picture_owner};
pub use report::{JobReport, RateLimited, Report};
pub use rest::{Running, ScaledClock, serve};
pub use scenario::{Scenario, ScenarioInfo, scenarios};
pub use script::{Outcome, Script, ScriptError};
pub use settings::{
    Disorder, Era, Mode, PictureFormat, Pictures, Plan, Rewriting, Settings, Timing, Visibility,
};
pub use traffic::Traffic;
pub use world::{Ready, World};
