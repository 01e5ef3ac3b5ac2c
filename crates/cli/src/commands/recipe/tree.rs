//! What came of a recipe: jobs with their parents, as a tree and as JSON. It runs nothing.

use std::fmt::Write as _;
use std::path::PathBuf;

use journeyman::Finished;
use serde_json::{Value, json};

use crate::commands::watching::Known;
use crate::error::Error;
use crate::show;

/// One job.
pub(super) struct Node {
    /// `2.1.3`: the third press on the first result of the second prompt.
    id: String,
    parent: Option<usize>,
    /// The prompt, or the label.
    asked: String,
    /// How many presses lie above it; also the place of the step that follows from it.
    pub(super) depth: usize,
    ended: Ended,
}

/// How a job stands.
pub(super) enum Ended {
    NotYet,
    Files(Vec<PathBuf>),
    Failed(String),
}

impl Node {
    pub(super) fn root(number: usize, prompt: &str) -> Self {
        let (id, asked) = (number.to_string(), prompt.to_owned());
        Self { id, parent: None, asked, depth: 0, ended: Ended::NotYet }
    }

    pub(super) fn name(&self) -> String {
        format!("{} {}", self.id, self.asked)
    }
}

/// All jobs of a recipe, parents before their children.
#[derive(Default)]
pub(super) struct Tree(Vec<Node>);

impl Tree {
    pub(super) fn add(&mut self, node: Node) -> usize {
        self.0.push(node);
        self.0.len() - 1
    }

    /// A child that is not yet added.
    pub(super) fn child(&self, parent: usize, number: usize, label: &str) -> Node {
        let above = self.node(parent);
        Node {
            id: format!("{}.{number}", above.id),
            parent: Some(parent),
            asked: label.to_owned(),
            depth: above.depth + 1,
            ended: Ended::NotYet,
        }
    }

    pub(super) fn node(&self, index: usize) -> &Node {
        &self.0[index]
    }

    pub(super) fn end(&mut self, index: usize, ended: Ended) {
        self.0[index].ended = ended;
    }

    /// The prompt of an imagine; none of a press.
    pub(super) fn prompt(&self, index: usize) -> Option<&str> {
        let node = self.node(index);
        node.parent.is_none().then_some(node.asked.as_str())
    }

    /// A job that ended, for people.
    pub(super) fn told(&self, index: usize, ended: &Result<Finished, Error>) -> String {
        let how = match ended {
            Ok(finished) => format!("finished, {}", count(finished.files.len())),
            Err(error) => format!("failed: {}", error.brief()),
        };
        format!("{}: {how}", self.node(index).name())
    }

    /// A job that ended, for programs.
    pub(super) fn object(
        &self,
        index: usize,
        ended: &Result<Finished, Error>,
        known: Option<&Known>,
    ) -> Value {
        let node = self.node(index);
        let mut value = match ended {
            Ok(finished) => show::of_finished("finished", finished),
            Err(error) => show::of_error(error),
        };
        if let Some(known) = known {
            known.put(&mut value);
        }
        value["id"] = json!(node.id);
        value["parent"] = json!(node.parent.map(|parent| &self.node(parent).id));
        value["press"] = json!(node.parent.map(|_| &node.asked));
        value
    }

    /// Each prompt with its files, and below it what was pressed.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for index in self.children(None) {
            let node = self.node(index);
            let _ = writeln!(text, "{}  {}", node.asked, came(&node.ended));
            self.below(index, "", &mut text);
        }
        text
    }

    fn below(&self, parent: usize, indent: &str, text: &mut String) {
        let children = self.children(Some(parent));
        for (place, index) in children.iter().enumerate() {
            let (branch, deeper) =
                if place + 1 == children.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let node = self.node(*index);
            let _ = writeln!(text, "{indent}{branch}{}  {}", node.asked, came(&node.ended));
            self.below(*index, &format!("{indent}{deeper}"), text);
        }
    }

    fn children(&self, parent: Option<usize>) -> Vec<usize> {
        self.0.iter().enumerate().filter(|(_, node)| node.parent == parent).map(|(index, _)| index).collect()
    }
}

fn came(ended: &Ended) -> String {
    match ended {
        Ended::NotYet => "not begun".to_owned(),
        Ended::Files(files) if files.is_empty() => "done".to_owned(),
        Ended::Files(files) => {
            files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join("  ")
        }
        Ended::Failed(why) => format!("failed: {why}"),
    }
}

fn count(files: usize) -> String {
    if files == 1 { "1 file".to_owned() } else { format!("{files} files") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_children_and_files_are_drawn_as_a_tree() {
        let mut tree = Tree::default();
        let root = tree.add(Node::root(1, "a fox"));
        let first = tree.add(tree.child(root, 1, "U1"));
        let zoomed = tree.add(tree.child(first, 1, "Zoom Out 2x"));
        let second = tree.add(tree.child(root, 2, "U2"));
        tree.end(root, Ended::Files(vec![PathBuf::from("grid.png")]));
        tree.end(first, Ended::Files(vec![PathBuf::from("one.png")]));
        tree.end(second, Ended::Failed("the queue is full".to_owned()));
        assert_eq!(tree.node(zoomed).name(), "1.1.1 Zoom Out 2x");
        let drawn = "a fox  grid.png\n├─ U1  one.png\n│  └─ Zoom Out 2x  not begun\n└─ U2  failed: the queue is full\n";
        assert_eq!(tree.text(), drawn);
    }
}
