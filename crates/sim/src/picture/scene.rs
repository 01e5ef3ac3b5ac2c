//! The landscapes: a sky, a sun or moon, hills, water, and now and then a lighthouse.
//!
//! Flat colours and a dithered sky, 64 colours a quarter; nothing here knows a file format.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "coordinates of a picture are far below the limits, and colours are clamped first"
)]
#![expect(clippy::unreadable_literal, reason = "six hex digits are how colours are written")]

use super::{Canvas, Drawing, View};
use crate::caption::fold;

const COLOURS: usize = 64;
const SKY: usize = 32;
const SUN: u8 = 32;
const GLOW: u8 = 33;
const STAR: u8 = 34;
const CLOUD: u8 = 35;
const HILL: u8 = 36;
const HILLS: u8 = 5;
const WATER: u8 = 41;
const GLITTER: u8 = 45;
const WALL: u8 = 46;
const STRIPE: u8 = 47;
const LAMP: u8 = 48;
const BEAM: u8 = 49;
const ROCK: u8 = 50;

pub(super) fn paint(drawing: &Drawing) -> Canvas {
    let (width, height) = (drawing.size.width as usize, drawing.size.height as usize);
    let mut canvas = Canvas { width, height, pixels: vec![0; width * height], palette: Vec::new() };
    let seed = fold(0, &drawing.job_id);
    match drawing.view {
        View::Grid => paint_grid(&mut canvas, drawing, seed, 1),
        // The earlier, the larger the blocks: 64 pixels at the start, 2 near the end.
        View::Preview { percent } => {
            let block = 64 >> (u32::from(percent) * 5 / 93).min(5);
            paint_grid(&mut canvas, drawing, seed, block.min(width / 4).max(1));
        }
        View::One { image, grid } => {
            let quarter = usize::from(image.saturating_sub(1) % 4);
            let frame = Frame { left: 0, top: 0, width, height, base: 0, block: 1 };
            Scene::new(&drawing.prompt, grid, quarter).paint(&mut canvas, frame);
        }
    }
    canvas
}

fn paint_grid(canvas: &mut Canvas, drawing: &Drawing, seed: u64, block: usize) {
    let (width, height) = (canvas.width / 2, canvas.height / 2);
    for quarter in 0..4 {
        let frame = Frame {
            left: (quarter % 2) * width,
            top: (quarter / 2) * height,
            width,
            height,
            base: (quarter * COLOURS) as u8,
            block,
        };
        Scene::new(&drawing.prompt, seed, quarter).paint(canvas, frame);
    }
}

/// Where a scene is painted, and from which palette entry on.
#[derive(Clone, Copy)]
struct Frame {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    base: u8,
    /// The side of a square of one colour; 1 for a finished picture.
    block: usize,
}

type Colour = [f64; 3];

struct Scene {
    sky: [Colour; 2],
    sun: Colour,
    near: Colour,
    night: bool,
    water: bool,
    lighthouse: bool,
    horizon: f64,
    sun_at: (f64, f64),
    sun_size: f64,
    phases: [[f64; 3]; HILLS as usize],
    random: fastrand::Rng,
}

/// Skies by words of the prompt; the rest is left to chance.
const MOODS: &[(&[&str], Mood)] = &[
    (
        &["dawn", "sunrise", "morning"],
        Mood { top: 0x5b6fa8, low: 0xf9c9a0, sun: 0xfff1c9, near: 0x2f3554, night: false },
    ),
    (
        &["dusk", "sunset", "evening"],
        Mood { top: 0x3b2a5f, low: 0xf07c54, sun: 0xffd27a, near: 0x24183a, night: false },
    ),
    (
        &["night", "moon", "star", "space"],
        Mood { top: 0x0b1030, low: 0x34407a, sun: 0xf3f0d8, near: 0x070a1c, night: true },
    ),
    (
        &["snow", "winter", "ice"],
        Mood { top: 0x8fb3d9, low: 0xe9f1f7, sun: 0xffffff, near: 0x6d8aa8, night: false },
    ),
    (
        &["desert", "sand", "dune"],
        Mood { top: 0x4f9bc4, low: 0xf6dfae, sun: 0xfff6d6, near: 0xa9602f, night: false },
    ),
    (
        &["forest", "green", "jungle"],
        Mood { top: 0x7db7c9, low: 0xe4f0cf, sun: 0xfff7cf, near: 0x1e4a36, night: false },
    ),
    (
        &["sea", "ocean", "lake", "wave"],
        Mood { top: 0x3f8fc9, low: 0xcfeaf2, sun: 0xfffbe0, near: 0x1b4f72, night: false },
    ),
];

#[derive(Clone, Copy)]
struct Mood {
    top: u32,
    low: u32,
    sun: u32,
    near: u32,
    night: bool,
}

impl Scene {
    fn new(prompt: &str, seed: u64, quarter: usize) -> Self {
        let words = prompt.to_lowercase();
        let has = |list: &[&str]| list.iter().any(|word| words.contains(word));
        let chance = (fold(1, prompt) % MOODS.len() as u64) as usize;
        let mood = MOODS.iter().find(|(list, _)| has(list)).map_or(MOODS[chance].1, |(_, mood)| *mood);
        let mut random = fastrand::Rng::with_seed(fold(seed, prompt) ^ ((quarter as u64 + 1) << 40));
        let mut tint = || (random.f64() - 0.5) * 36.0;
        let shift = [tint(), tint(), tint()];
        let coloured = |rgb: u32| {
            let parts = [rgb >> 16, (rgb >> 8) & 255, rgb & 255];
            [0, 1, 2].map(|index| f64::from(parts[index]) + shift[index])
        };
        let sun_at = (0.15 + 0.7 * random.f64(), 0.12 + 0.38 * random.f64());
        let lighthouse = words.contains("lighthouse");
        let phases = std::array::from_fn(|_| std::array::from_fn(|_| random.f64() * std::f64::consts::TAU));
        Self {
            sky: [coloured(mood.top), coloured(mood.low)],
            sun: coloured(mood.sun),
            near: coloured(mood.near),
            night: mood.night,
            water: lighthouse || has(&["sea", "ocean", "lake", "wave", "boat", "ship", "beach", "river"]),
            lighthouse,
            horizon: 0.55 + 0.15 * random.f64(),
            sun_at,
            sun_size: 0.05 + 0.05 * random.f64(),
            phases,
            random,
        }
    }

    fn paint(mut self, canvas: &mut Canvas, frame: Frame) {
        canvas.palette.resize(usize::from(frame.base) + COLOURS, [0; 3]);
        canvas.palette[usize::from(frame.base)..].copy_from_slice(&self.palette());
        let columns: Vec<[f64; HILLS as usize]> = (0..frame.width.div_ceil(frame.block))
            .map(|column| self.skyline((column * frame.block) as f64 / frame.width as f64))
            .collect();
        for row in 0..frame.height.div_ceil(frame.block) {
            let top = row * frame.block;
            let y = top as f64 / frame.height as f64;
            for (column, skyline) in columns.iter().enumerate() {
                let left = column * frame.block;
                let x = left as f64 / frame.width as f64;
                let colour = self.colour(x, y, (column, row), skyline, frame);
                fill(canvas, frame, (left, top), frame.base + colour);
            }
        }
        if frame.block == 1 {
            self.paint_stars(canvas, frame);
        }
    }

    fn palette(&self) -> [[u8; 3]; COLOURS] {
        let mut palette = [[0; 3]; COLOURS];
        for (level, entry) in palette.iter_mut().enumerate().take(SKY) {
            *entry = bytes(mix(self.sky[0], self.sky[1], level as f64 / (SKY - 1) as f64));
        }
        let mut put = |index: u8, colour: Colour| palette[usize::from(index)] = bytes(colour);
        put(SUN, self.sun);
        put(GLOW, mix(self.sun, self.sky[1], 0.45));
        put(STAR, [250.0, 250.0, 235.0]);
        put(CLOUD, mix(self.sky[1], [255.0; 3], 0.55));
        for hill in 0..HILLS {
            put(HILL + hill, mix(self.sky[1], self.near, f64::from(hill + 1) / f64::from(HILLS)));
        }
        for depth in 0..4 {
            put(WATER + depth, mix(mix(self.sky[1], self.sky[0], 0.5), self.near, f64::from(depth) / 4.0));
        }
        put(GLITTER, mix(self.sun, self.sky[1], 0.25));
        put(WALL, [242.0, 238.0, 228.0]);
        put(STRIPE, [196.0, 60.0, 52.0]);
        put(LAMP, [255.0, 236.0, 150.0]);
        put(BEAM, mix(self.sky[1], [255.0, 246.0, 200.0], 0.6));
        put(ROCK, mix(self.near, [20.0, 20.0, 26.0], 0.4));
        palette
    }

    /// Stars stand only where the plain sky shows.
    fn paint_stars(&mut self, canvas: &mut Canvas, frame: Frame) {
        let count = if self.night { 60 } else { 0 };
        let side = (frame.width / 200).max(1);
        for _ in 0..count {
            let (x, y) = (self.random.f64(), self.random.f64() * self.horizon);
            let (left, top) = ((x * frame.width as f64) as usize, (y * frame.height as f64) as usize);
            let pixel = canvas.pixels[(frame.top + top) * canvas.width + frame.left + left];
            if usize::from(pixel - frame.base) < SKY {
                fill(canvas, Frame { block: side, ..frame }, (left, top), frame.base + STAR);
            }
        }
    }

    /// How high each row of hills reaches here, as a fraction from the top.
    fn skyline(&self, x: f64) -> [f64; HILLS as usize] {
        std::array::from_fn(|hill| {
            let phases = self.phases[hill];
            let distance = hill as f64 / f64::from(HILLS);
            let wave = (x * (4.0 + 3.0 * distance) + phases[0]).sin() * 0.05
                + (x * (11.0 + 4.0 * distance) + phases[1]).sin() * 0.02
                + (x * 37.0 + phases[2]).sin() * 0.006;
            self.horizon + distance * (1.0 - self.horizon) * 0.9 + wave
        })
    }

    fn colour(
        &self,
        x: f64,
        y: f64,
        cell: (usize, usize),
        skyline: &[f64; HILLS as usize],
        frame: Frame,
    ) -> u8 {
        let ratio = frame.width as f64 / frame.height as f64;
        if self.lighthouse
            && let Some(colour) = lighthouse((x - self.tower_at()) * ratio, y, self.horizon, threshold(cell))
        {
            return colour;
        }
        if self.water && y > self.horizon {
            return self.water_colour(x, y);
        }
        let hills = if self.water { 2 } else { HILLS as usize };
        if let Some(hill) = (0..hills).rev().find(|hill| y > skyline[*hill]) {
            return HILL + hill as u8;
        }
        self.sky_colour(x, y, cell, ratio)
    }

    /// The tower stands away from the sun.
    fn tower_at(&self) -> f64 {
        if self.sun_at.0 < 0.5 { 0.72 } else { 0.28 }
    }

    fn water_colour(&self, x: f64, y: f64) -> u8 {
        let depth = (y - self.horizon) / (1.0 - self.horizon);
        let ripple = (y * 140.0 + (x * 9.0 + self.phases[0][0]).sin() * 1.5).sin();
        let width = 0.015 + 0.12 * depth;
        if ripple > 0.2 && (x - self.sun_at.0).abs() < width * (0.6 + 0.4 * (y * 310.0).sin()) {
            return GLITTER;
        }
        WATER + ((depth * 3.2 + ripple * 0.3).clamp(0.0, 3.0) as u8)
    }

    /// Above zero where a cloud is thick.
    fn cloud(&self, x: f64, y: f64) -> f64 {
        let wide = (x * 6.0 + self.phases[1][0]).sin();
        wide + (x * 15.0 + y * 9.0 + self.phases[1][1]).sin() * 0.5 - 0.55
    }

    fn sky_colour(&self, x: f64, y: f64, cell: (usize, usize), ratio: f64) -> u8 {
        let (across, down) = ((x - self.sun_at.0) * ratio, y - self.sun_at.1);
        let from_sun = across * across + down * down;
        let within = |radius: f64| from_sun < radius * radius;
        if within(self.sun_size) {
            return SUN;
        }
        let threshold = threshold(cell);
        // The glow thins out by the same pattern that blends the sky.
        if within(self.sun_size * (1.15 + 0.9 * threshold)) {
            return GLOW;
        }
        let band = (down - 0.12).abs();
        if !self.night && band < 0.021 && band < 0.022 * self.cloud(x, y) {
            return CLOUD;
        }
        let level = (y / self.horizon).clamp(0.0, 1.0) * (SKY - 1) as f64;
        ((level + threshold) as usize).min(SKY - 1) as u8
    }
}

/// A four by four ordered dither.
const BAYER: [[f64; 4]; 4] = [
    [0.0, 0.5, 0.125, 0.625],
    [0.75, 0.25, 0.875, 0.375],
    [0.1875, 0.6875, 0.0625, 0.5625],
    [0.9375, 0.4375, 0.8125, 0.3125],
];

/// A striped tower on a rock, with its lamp and a beam to either side; `across` is from its axis.
fn lighthouse(across: f64, y: f64, horizon: f64, threshold: f64) -> Option<u8> {
    let foot = horizon + 0.03;
    let top = foot - 0.36;
    let height = (y - top) / (foot - top);
    let side = across.abs();
    if (top - 0.045..top - 0.035).contains(&y) && side < 0.032 - (top - 0.035 - y) {
        return Some(STRIPE);
    }
    if (top - 0.035..top).contains(&y) && side < 0.022 {
        return Some(LAMP);
    }
    if (0.0..1.0).contains(&height) && side < 0.026 + 0.024 * height {
        return Some(if ((height * 6.0) as u32).is_multiple_of(2) { WALL } else { STRIPE });
    }
    let rock = foot - 0.02 + side * side * 1.6;
    if y > rock && y < foot + 0.06 - side * 0.15 {
        return Some(ROCK);
    }
    let beam = (y - (top - 0.018)).abs();
    // Light, not a wall: its dots thin out with the distance.
    (side > 0.022 && beam < 0.006 + 0.07 * side && threshold < 0.55 - side).then_some(BEAM)
}

fn threshold((column, row): (usize, usize)) -> f64 {
    BAYER[row % 4][column % 4]
}

fn fill(canvas: &mut Canvas, frame: Frame, (left, top): (usize, usize), colour: u8) {
    let right = (left + frame.block).min(frame.width) + frame.left;
    for row in top..(top + frame.block).min(frame.height) {
        let start = (frame.top + row) * canvas.width;
        canvas.pixels[start + frame.left + left..start + right].fill(colour);
    }
}

fn mix(from: Colour, to: Colour, share: f64) -> Colour {
    [0, 1, 2].map(|index| from[index] + (to[index] - from[index]) * share)
}

fn bytes(colour: Colour) -> [u8; 3] {
    colour.map(|part| part.clamp(0.0, 255.0) as u8)
}
