//! Blocks of a page: notices, cards, what opens and shuts, links up and down.

use askama::Template;

use super::{Content, Size, Text, safe};

/// Shows more when pressed. Works without script.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/details.html", whitespace = "minimize")]
pub struct Details {
    summary: Content,
    content: Content,
    open: bool,
    expander: bool,
}

impl Details {
    /// Shut.
    pub fn new(summary: impl Into<Content>, content: impl Into<Content>) -> Self {
        Self { summary: summary.into(), content: content.into(), open: false, expander: false }
    }

    /// Opened.
    pub fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// Looks like a box.
    pub fn expander(mut self) -> Self {
        self.expander = true;
        self
    }
}

/// Sets a piece of information apart.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/inset_text.html", whitespace = "minimize")]
pub struct InsetText {
    content: Content,
}

impl InsetText {
    /// A text, or markup of blocks.
    pub fn new(content: impl Into<Content>) -> Self {
        Self { content: content.into() }
    }
}

/// What nobody may miss.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/warning_callout.html", whitespace = "minimize")]
pub struct WarningCallout {
    heading: Text,
    level: u8,
    content: Content,
}

impl WarningCallout {
    /// A heading of level 3 above a text, or markup of blocks.
    pub fn new(heading: impl Into<Text>, content: impl Into<Content>) -> Self {
        Self { heading: heading.into(), level: 3, content: content.into() }
    }

    /// Another level of heading than 3.
    pub fn level(mut self, level: u8) -> Self {
        self.level = level;
        self
    }

    /// A heading that does not say so itself is read out after 'Important'.
    fn says_important(&self) -> bool {
        self.heading.contains("Important") || self.heading.contains("important")
    }
}

/// What has just happened, at the top of the page.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/notification_banner.html", whitespace = "minimize")]
pub struct NotificationBanner {
    success: bool,
    title: Content,
    heading: Option<Content>,
    content: Option<Content>,
}

impl NotificationBanner {
    /// It was done: read out at once.
    pub fn success(content: impl Into<Content>) -> Self {
        Self { success: true, title: "Success".into(), heading: None, content: Some(content.into()) }
    }

    /// Something to know.
    pub fn important(content: impl Into<Content>) -> Self {
        Self { success: false, title: "Important".into(), heading: None, content: Some(content.into()) }
    }

    /// Another title than `Success` or `Important`.
    pub fn title(mut self, title: impl Into<Content>) -> Self {
        self.title = title.into();
        self
    }

    /// A heading above the content.
    pub fn heading(mut self, heading: impl Into<Content>) -> Self {
        self.heading = Some(heading.into());
        self
    }
}

/// The end of something: the page's first heading in a coloured field.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/panel.html", whitespace = "minimize")]
pub struct Panel {
    heading: Content,
    content: Option<Content>,
}

impl Panel {
    /// A heading of level 1 alone.
    pub fn new(heading: impl Into<Content>) -> Self {
        Self { heading: heading.into(), content: None }
    }

    /// What stands below the heading.
    pub fn content(mut self, content: impl Into<Content>) -> Self {
        self.content = Some(content.into());
        self
    }
}

/// A tile of a page.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/card.html", whitespace = "minimize")]
pub struct Card {
    heading: Option<Content>,
    level: u8,
    size: Option<Size>,
    href: Text,
    clickable: bool,
    variant: &'static str,
    content: Option<Content>,
}

impl Card {
    /// A heading of level 2.
    pub fn new(heading: impl Into<Content>) -> Self {
        Self { heading: Some(heading.into()), ..Self::without_heading("") }
    }

    /// No heading.
    pub fn without_heading(content: impl Into<Content>) -> Self {
        Self {
            heading: None,
            level: 2,
            size: None,
            href: "".into(),
            clickable: false,
            variant: "",
            content: Some(content.into()).filter(|content| !content.text.is_empty()),
        }
    }

    /// A text, or markup of blocks.
    pub fn content(mut self, content: impl Into<Content>) -> Self {
        self.content = Some(content.into());
        self
    }

    /// Another level of heading than 2.
    pub fn level(mut self, level: u8) -> Self {
        self.level = level;
        self
    }

    /// The heading's size.
    pub fn size(mut self, size: Size) -> Self {
        self.size = Some(size);
        self
    }

    /// The heading is a link and the whole card can be pressed.
    pub fn link(mut self, href: impl Into<Text>) -> Self {
        self.href = href.into();
        self.clickable = true;
        self
    }

    /// The heading on a blue field.
    pub fn feature(mut self) -> Self {
        self.variant = "feature";
        self
    }

    /// With an arrow.
    pub fn primary(mut self) -> Self {
        self.variant = "primary";
        self
    }

    /// Less prominent.
    pub fn secondary(mut self) -> Self {
        self.variant = "secondary";
        self
    }

    fn is_primary(&self) -> bool {
        self.variant == "primary"
    }
}

/// The colour of a [`Tag`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they say it themselves")]
pub enum TagColour {
    White,
    Grey,
    Green,
    AquaGreen,
    Blue,
    Purple,
    Pink,
    Red,
    Orange,
    Yellow,
}

/// The state of something in a word or two.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/tag.html", whitespace = "minimize")]
pub struct Tag {
    content: Content,
    colour: Option<TagColour>,
}

impl Tag {
    /// Dark blue.
    pub fn new(content: impl Into<Content>) -> Self {
        Self { content: content.into(), colour: None }
    }

    /// Another colour.
    pub fn colour(mut self, colour: TagColour) -> Self {
        self.colour = Some(colour);
        self
    }

    fn modifier(&self) -> &'static str {
        match self.colour {
            None => "",
            Some(TagColour::White) => " nhsuk-tag--white",
            Some(TagColour::Grey) => " nhsuk-tag--grey",
            Some(TagColour::Green) => " nhsuk-tag--green",
            Some(TagColour::AquaGreen) => " nhsuk-tag--aqua-green",
            Some(TagColour::Blue) => " nhsuk-tag--blue",
            Some(TagColour::Purple) => " nhsuk-tag--purple",
            Some(TagColour::Pink) => " nhsuk-tag--pink",
            Some(TagColour::Red) => " nhsuk-tag--red",
            Some(TagColour::Orange) => " nhsuk-tag--orange",
            Some(TagColour::Yellow) => " nhsuk-tag--yellow",
        }
    }
}

/// One page up.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/back_link.html", whitespace = "minimize")]
pub struct BackLink {
    href: Text,
    text: Text,
}

impl BackLink {
    /// `Back`.
    pub fn new(href: impl Into<Text>) -> Self {
        Self { href: href.into(), text: "Back".into() }
    }

    /// Says where to.
    pub fn text(mut self, text: impl Into<Text>) -> Self {
        self.text = text.into();
        self
    }
}

/// Leads past the header, for keyboards: the first thing on a page.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "ui/skip_link.html", whitespace = "minimize")]
pub struct SkipLink;

safe!(Details, InsetText, WarningCallout, NotificationBanner, Panel, Card, Tag, BackLink, SkipLink);
