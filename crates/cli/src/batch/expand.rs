//! Rows to items: variables put in, the matrix multiplied out, recipes' steps attached. It opens no file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::keys::Keys;
use super::matrix::Matrix;
use super::place::{Place, Problem};
use super::row::Row;
use super::slips::slips;
use super::template::Template;

/// One thing to be made: an image from a prompt, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// Its place in the batch, from 1.
    pub(crate) number: u64,
    /// Where it was written.
    pub(crate) place: Place,
    /// The prompt with its parameters, variables put in; the images are not in it.
    pub(crate) prompt: String,
    /// Paths (beside the batch file) or links, to be put before the prompt.
    pub(crate) images: Vec<String>,
    /// What it is called; empty where nothing was said.
    pub(crate) name: String,
    /// Higher goes first.
    pub(crate) priority: i8,
    /// What its variables stood for.
    pub(crate) variables: BTreeMap<String, String>,
    /// What follows from its image.
    pub(crate) steps: Arc<[Step]>,
    /// What it is known by: see [`Keys`].
    pub(crate) key: String,
}

/// A step of a recipe: each label is pressed on every result of the step before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// The labels of the buttons.
    pub(crate) labels: Vec<String>,
    /// What is chosen in a list.
    pub(crate) values: Vec<String>,
    /// For a form that opens; it may have variables.
    pub(crate) prompt: Option<String>,
    /// For Vary (Region).
    pub(crate) mask: Option<MaskFile>,
}

/// A mask on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MaskFile {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// What it is known by, wherever it is: SHA-256 of its bytes, in hexadecimal.
    pub(crate) sha256: String,
}

/// A recipe that cannot be used; it is told once.
struct Unusable {
    /// What is wrong with it.
    problem: Problem,
    /// The last row that names it, and how many do.
    last: Place,
    rows: u64,
}

/// What turns rows into items, one after the other.
pub(crate) struct Expansion<'a, F> {
    matrix: &'a Matrix,
    /// The recipe of rows that name none.
    recipe: Option<PathBuf>,
    /// Reads a recipe; it is asked once for each file.
    read: F,
    recipes: BTreeMap<PathBuf, Result<Arc<[Step]>, Unusable>>,
    keys: Keys,
    used: BTreeSet<String>,
    number: u64,
    limit: u64,
    /// The first row that is one too many, and how many items there would be.
    over: Option<(Place, u64)>,
}

impl<'a, F> Expansion<'a, F>
where
    F: FnMut(&Path) -> Result<Arc<[Step]>, Problem>,
{
    /// For the batch of this name; more items than `limit` are refused.
    pub(crate) fn begin(
        batch: &str,
        matrix: &'a Matrix,
        recipe: Option<PathBuf>,
        limit: u64,
        read: F,
    ) -> Self {
        Self {
            matrix,
            recipe,
            read,
            recipes: BTreeMap::new(),
            keys: Keys::of_batch(batch),
            used: BTreeSet::new(),
            number: 0,
            limit,
            over: None,
        }
    }

    /// The items of a row: one for every combination of the matrix's variables that it names; none once there are more
    /// than the limit.
    ///
    /// # Errors
    /// A variable without a value, one that is both a column and in the matrix, a recipe that cannot be read.
    pub(crate) fn items(&mut self, row: &Row) -> Result<Vec<Item>, Problem> {
        let Some(steps) = self.steps(row)? else { return Ok(Vec::new()) };
        let templates = Templates::of(row, &steps);
        let names = templates.variables();
        if let Some(twice) = self.matrix.names().find(|name| row.variables.contains_key(*name)) {
            let hint = "take the column out, or give the other variable another name";
            let problem = row.place.problem("the matrix has a variable of the same name", hint);
            return Err(problem.in_column(twice));
        }
        let matrix = self.matrix.only(|name| names.contains(name));
        self.used.extend(names.iter().map(|&name| name.to_owned()));
        if !self.has_room(row, matrix.count()) {
            return Ok(Vec::new());
        }
        let mut items = Vec::new();
        for combination in matrix.combinations() {
            items.push(self.item(row, &templates, &combination, &steps)?);
        }
        Ok(items)
    }

    /// What can be told when all rows are through: more items than the limit, and variables of the matrix that no row
    /// names, whose values would be made for nothing.
    pub(crate) fn finish(self) -> Vec<Problem> {
        let over = self.over.map(|(place, all)| {
            let message =
                format!("from here on there are more items than the limit of {}; all are {all}", self.limit);
            place.problem(message, format!("use fewer values, or allow them with --limit {all}"))
        });
        let unused = self.matrix.names().filter(|name| !self.used.contains(*name)).map(|name| {
            let hint = format!("write {{{{{name}}}}} in a prompt, or leave it out");
            Place::file("the matrix").problem(format!("no prompt has `{{{{{name}}}}}` in it"), hint)
        });
        let unusable = self.recipes.into_iter().filter_map(|(path, read)| Some((path, read.err()?)));
        let repeated = unusable.filter(|(_, unusable)| unusable.rows > 1).map(|(path, unusable)| {
            let (file, rows) = (path.display(), unusable.rows);
            let message = format!("{rows} lines up to here name the recipe {file}, which cannot be used");
            unusable.last.problem(message, unusable.problem.hint).in_column("recipe")
        });
        over.into_iter().chain(unused).chain(repeated).collect()
    }

    /// What is probably a slip in these items, which are all that came of the file.
    pub(crate) fn slips(&self, file: &Place, items: &[Item]) -> Vec<Problem> {
        slips(file, items, &self.used)
    }

    /// Whether so many more are within the limit; they are counted all the same.
    fn has_room(&mut self, row: &Row, more: u64) -> bool {
        let before = self.over.as_ref().map_or(self.number, |(_, all)| *all);
        let all = before.saturating_add(more);
        match &mut self.over {
            Some((_, before)) => *before = all,
            None if all > self.limit => self.over = Some((row.place.clone(), all)),
            None => {}
        }
        self.over.is_none()
    }

    fn item(
        &mut self,
        row: &Row,
        templates: &Templates,
        combination: &[(&str, &str)],
        steps: &Arc<[Step]>,
    ) -> Result<Item, Problem> {
        let mut variables = row.variables.clone();
        variables.extend(combination.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let fill = |column: &str, template: &Template| {
            let known = || variables.keys().map(String::as_str).collect();
            let filled = template.fill(|name| variables.get(name).map(String::as_str), known);
            filled.map_err(|why| row.place.problem(why.message, why.hint).in_column(column))
        };
        let parameters = fill("parameters", &templates.parameters)?;
        check_parameters(&row.place, &parameters)?;
        let prompt = format!("{} {parameters}", fill("prompt", &templates.prompt)?);
        let images = templates.images.iter().map(|image| fill("images", image));
        let images = images.collect::<Result<Vec<_>, _>>()?;
        let name = fill("name", &templates.name)?;
        let mut followed = Arc::clone(steps);
        for (index, template) in &templates.forms {
            let filled = fill("recipe", template)?;
            if let Some(step) = Arc::make_mut(&mut followed).get_mut(*index) {
                step.prompt = Some(filled);
            }
        }
        self.number += 1;
        let prompt = prompt.trim().to_owned();
        let key = self.keys.item(&prompt, &images);
        Ok(Item {
            number: self.number,
            place: row.place.clone(),
            prompt,
            images,
            name,
            priority: row.priority,
            variables,
            steps: followed,
            key,
        })
    }

    /// The steps of the row's recipe; `None` where it cannot be used, which was told before.
    fn steps(&mut self, row: &Row) -> Result<Option<Arc<[Step]>>, Problem> {
        let Some(path) = row.recipe.as_ref().or(self.recipe.as_ref()) else { return Ok(Some(Arc::new([]))) };
        match self.recipes.get_mut(path) {
            Some(Ok(steps)) => Ok(Some(Arc::clone(steps))),
            Some(Err(unusable)) => {
                unusable.last = row.place.clone();
                unusable.rows += 1;
                Ok(None)
            }
            None => {
                let read = (self.read)(path).map_err(|problem| Unusable {
                    problem: row.place.problem(problem.message, problem.hint).in_column("recipe"),
                    last: row.place.clone(),
                    rows: 1,
                });
                let steps = read.as_ref().map(Arc::clone).map_err(|unusable| unusable.problem.clone());
                self.recipes.insert(path.clone(), read);
                steps.map(Some)
            }
        }
    }
}

/// The texts of a row that may have variables.
struct Templates {
    prompt: Template,
    parameters: Template,
    images: Vec<Template>,
    name: Template,
    /// What forms of steps are answered with, by the step's place.
    forms: Vec<(usize, Template)>,
}

impl Templates {
    fn of(row: &Row, steps: &[Step]) -> Self {
        let form = |(index, step): (usize, &Step)| {
            let template = Template::parse(step.prompt.as_deref()?);
            let has_any = template.variables().next().is_some();
            has_any.then_some((index, template))
        };
        Self {
            prompt: Template::parse(&row.prompt),
            parameters: Template::parse(&row.parameters),
            images: row.images.iter().map(|image| Template::parse(image)).collect(),
            name: Template::parse(row.name.as_deref().unwrap_or_default()),
            forms: steps.iter().enumerate().filter_map(form).collect(),
        }
    }

    fn variables(&self) -> BTreeSet<&str> {
        let forms = self.forms.iter().map(|(_, form)| form);
        let all = [&self.prompt, &self.parameters, &self.name].into_iter().chain(&self.images).chain(forms);
        all.flat_map(Template::variables).collect()
    }
}

/// What stands in the column of parameters begins with one: else its first word would be part of the prompt.
fn check_parameters(place: &Place, parameters: &str) -> Result<(), Problem> {
    let first = parameters.trim_start();
    if first.is_empty() || first.starts_with("--") || first.starts_with('—') {
        return Ok(());
    }
    let message = format!("`{first}` begins with no parameter");
    Err(place.problem(message, "write parameters as in a prompt, such as --ar 3:2").in_column("parameters"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::read::{Format, Rows};
    use super::*;

    /// All items and all problems of a CSV text.
    pub(in crate::batch) fn expand(
        text: &str,
        set: &[&str],
        steps: &[Step],
        limit: u64,
    ) -> (Vec<Item>, Vec<String>) {
        let set: Vec<_> = set.iter().map(|&flag| flag.to_owned()).collect();
        let matrix = Matrix::of_flags(&set).unwrap();
        let recipe = (!steps.is_empty()).then(|| PathBuf::from("r.toml"));
        let mut expansion = Expansion::begin("b", &matrix, recipe, limit, |path: &Path| {
            if path == Path::new("r.toml") {
                Ok(steps.into())
            } else {
                Err(Place::file("x").problem("no", "yes"))
            }
        });
        let (mut items, mut problems) = (Vec::new(), Vec::new());
        for row in Rows::begin("b", Format::Csv, text.as_bytes()).unwrap() {
            match row.and_then(|row| expansion.items(&row)) {
                Ok(made) => items.extend(made),
                Err(problem) => problems.push(format!("{problem} ({})", problem.hint)),
            }
        }
        problems.extend(expansion.finish().iter().map(|problem| format!("{problem} ({})", problem.hint)));
        (items, problems)
    }

    fn prompts(items: &[Item]) -> Vec<&str> {
        items.iter().map(|item| item.prompt.as_str()).collect()
    }

    #[test]
    fn matrix_expansion_makes_every_combination_of_what_a_prompt_names() {
        let text = "prompt,parameters,name,animal\n\
            a {{animal}} in {{style}},--s {{size}},{{animal}} {{style}},fox\n\
            a plain cat,,,\n{{style}},,,\n";
        let (items, problems) = expand(text, &["style=oil,ink", "size=1,2"], &[], 100);
        assert_eq!(problems, [""; 0]);
        assert_eq!(
            prompts(&items),
            [
                "a fox in oil --s 1",
                "a fox in oil --s 2",
                "a fox in ink --s 1",
                "a fox in ink --s 2",
                "a plain cat",
                "oil",
                "ink"
            ]
        );
        assert_eq!(items.iter().map(|item| item.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!((items[2].name.as_str(), items[2].variables["style"].as_str()), ("fox ink", "ink"));
        assert_eq!((items[4].place.line, items[5].place.line), (Some(3), Some(4)));
    }

    #[test]
    fn what_cannot_be_expanded_is_told_with_its_place_and_the_rest_goes_on() {
        let text = "prompt,parameters,recipe,animal\n\
            a {{anmial}},,,fox\n{{animal}},ar 3:2,,fox\nx,,other.toml,\n{{animal}},,,fox\n";
        let (items, problems) = expand(text, &[], &[], 100);
        assert_eq!(prompts(&items), ["fox"]);
        let told = [
            "b, line 2, column prompt: `{{anmial}}` has no value (did you mean {{animal}}?)",
            "b, line 3, column parameters: `ar 3:2` begins with no parameter",
            "b, line 4, column recipe: no (yes)",
        ];
        for (problem, told) in problems.iter().zip(told) {
            assert!(problem.starts_with(told), "{problem}");
        }
        assert_eq!(problems.len(), told.len());
        let (_, problems) = expand("prompt,style\n{{style}},a\n", &["style=oil"], &[], 100);
        assert!(
            problems[0].starts_with("b, line 2, column style: the matrix has a variable of"),
            "{problems:?}"
        );
    }

    #[test]
    fn a_recipe_that_many_lines_name_and_none_can_use_is_told_twice_at_most() {
        let (items, problems) = expand("prompt,recipe\na,x.toml\nb,x.toml\nc,\nd,x.toml\n", &[], &[], 100);
        assert_eq!(prompts(&items), ["c"]);
        let told = [
            "b, line 2, column recipe: no (yes)",
            "b, line 5, column recipe: 3 lines up to here name the recipe x.toml, which cannot be used (yes)",
        ];
        assert_eq!(problems, told);
    }

    #[test]
    fn a_variable_of_the_matrix_that_no_prompt_names_is_told() {
        let (_, problems) = expand("prompt\na fox\n", &["style=oil,ink"], &[], 100);
        assert_eq!(
            problems,
            ["the matrix: no prompt has `{{style}}` in it (write {{style}} in a prompt, or leave it out)"]
        );
    }

    #[test]
    fn more_items_than_the_limit_are_refused_before_they_are_made() {
        let huge = (0..1_000).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        let set: Vec<_> = ["a", "b", "c", "d"].iter().map(|name| format!("{name}={huge}")).collect();
        let set: Vec<_> = set.iter().map(String::as_str).collect();
        let (items, problems) = expand("prompt\nx\n{{a}}{{b}}{{c}}{{d}}\ny\n", &set, &[], 2);
        assert_eq!(prompts(&items), ["x"]);
        let told =
            "b, line 3: from here on there are more items than the limit of 2; all are 1000000000002 (";
        assert!(problems.len() == 1 && problems[0].starts_with(told), "{problems:?}");
        assert!(problems[0].contains("--limit 1000000000002"), "{problems:?}");
    }

    #[test]
    fn a_steps_form_is_answered_with_the_items_values() {
        let step = Step {
            labels: vec!["Custom Zoom".to_owned()],
            values: Vec::new(),
            prompt: Some("{{animal}} --zoom 1.5".to_owned()),
            mask: None,
        };
        let (items, problems) = expand("prompt,animal\na,fox\nb,cat\n", &[], &[step], 9);
        let forms: Vec<_> = items.iter().map(|item| item.steps[0].prompt.as_deref().unwrap()).collect();
        assert_eq!((forms, problems.len()), (vec!["fox --zoom 1.5", "cat --zoom 1.5"], 0));
    }
}
