//! Facts in rows.

use askama::Template;

use super::{Content, Size, Text, safe};

/// Names and values, with what can be done about each.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "ui/summary_list.html", whitespace = "minimize")]
pub struct SummaryList {
    rows: Vec<Row>,
    no_border: bool,
}

#[derive(Clone, Debug)]
struct Row {
    key: Content,
    value: Content,
    code: bool,
    actions: Vec<RowAction>,
}

/// What can be done about a row.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/row_action.html", whitespace = "minimize")]
pub struct RowAction {
    text: Text,
    hidden: Text,
    href: Text,
}

impl RowAction {
    /// A link; `about` is read out after its text, since `Change` alone says nothing in a list of links.
    pub fn link(text: impl Into<Text>, href: impl Into<Text>, about: impl Into<Text>) -> Self {
        Self { text: text.into(), hidden: about.into(), href: href.into() }
    }

    /// A button that sends the form around the list.
    pub fn submit(text: impl Into<Text>, about: impl Into<Text>) -> Self {
        Self { text: text.into(), hidden: about.into(), href: "".into() }
    }
}

impl SummaryList {
    /// No rows yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more row.
    pub fn row(self, key: impl Into<Content>, value: impl Into<Content>) -> Self {
        self.row_with(key, value, [])
    }

    /// One more row, and what can be done about it.
    pub fn row_with(
        mut self,
        key: impl Into<Content>,
        value: impl Into<Content>,
        actions: impl IntoIterator<Item = RowAction>,
    ) -> Self {
        let actions = actions.into_iter().collect();
        self.rows.push(Row { key: key.into(), value: value.into(), code: false, actions });
        self
    }

    /// One more row, whose value is read out or copied letter by letter: 0 and O differ.
    pub fn code(mut self, key: impl Into<Content>, value: impl Into<Content>) -> Self {
        self.rows.push(Row { key: key.into(), value: value.into(), code: true, actions: Vec::new() });
        self
    }

    /// Without lines between the rows.
    pub fn without_border(mut self) -> Self {
        self.no_border = true;
        self
    }

    /// Where some rows have actions, those without leave their column free.
    fn any_actions(&self) -> bool {
        self.rows.iter().any(|row| !row.actions.is_empty())
    }
}

/// A table. On a phone, [`Table::responsive`] shows each row as a block instead of scrolling sideways.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/table.html", whitespace = "minimize")]
pub struct Table {
    caption: Content,
    caption_size: Option<Size>,
    caption_hidden: bool,
    head: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
    first_cell_is_header: bool,
    responsive: bool,
    no_border: bool,
}

/// A cell, made from a text or a component; a column whose head is [`Cell::numeric`] is numeric.
#[derive(Clone, Debug)]
pub struct Cell {
    content: Content,
    numeric: bool,
}

impl Cell {
    /// The head of a column of numbers: set to the right, digits below one another.
    pub fn numeric(content: impl Into<Content>) -> Self {
        Self { content: content.into(), numeric: true }
    }
}

impl<T: Into<Content>> From<T> for Cell {
    fn from(content: T) -> Self {
        Self { content: content.into(), numeric: false }
    }
}

impl Table {
    /// No columns, no rows.
    pub fn new(caption: impl Into<Content>) -> Self {
        Self {
            caption: caption.into(),
            caption_size: None,
            caption_hidden: false,
            head: Vec::new(),
            rows: Vec::new(),
            first_cell_is_header: false,
            responsive: false,
            no_border: false,
        }
    }

    /// The caption's size.
    pub fn caption_size(mut self, size: Size) -> Self {
        self.caption_size = Some(size);
        self
    }

    /// The caption is only read out.
    pub fn caption_hidden(mut self) -> Self {
        self.caption_hidden = true;
        self
    }

    /// The columns.
    pub fn head<T: Into<Cell>>(mut self, cells: impl IntoIterator<Item = T>) -> Self {
        self.head = cells.into_iter().map(Into::into).collect();
        self
    }

    /// One more row, as long as the head.
    pub fn row<T: Into<Cell>>(mut self, cells: impl IntoIterator<Item = T>) -> Self {
        self.rows.push(cells.into_iter().map(Into::into).collect());
        self
    }

    /// The first cell names its row.
    pub fn first_cell_is_header(mut self) -> Self {
        self.first_cell_is_header = true;
        self
    }

    /// On a phone each row is a block with the columns' names in it.
    pub fn responsive(mut self) -> Self {
        self.responsive = true;
        self
    }

    /// Without lines between the rows.
    pub fn without_border(mut self) -> Self {
        self.no_border = true;
        self
    }

    /// The column's name, where it stands in each cell as well.
    fn shown_column(&self, index: usize) -> Option<&Cell> {
        self.head.get(index).filter(|_| self.responsive)
    }

    fn is_numeric(&self, index: usize, cell: &Cell) -> bool {
        cell.numeric || self.head.get(index).is_some_and(|head| head.numeric)
    }

    fn is_header(&self, index: usize) -> bool {
        self.first_cell_is_header && index == 0
    }
}

safe!(SummaryList, RowAction, Table);
