//! Each component against the examples of nhsuk-frontend. An example whose options a component does not have is passed
//! over; the numbers and names below say how many and which must be met, so none drops out unseen.

use askama::filters::HtmlSafeOutput;
use serde_json::{Map, Value};

use super::*;

/// The options of one example, taken out one by one; what remains is not supported.
struct Options(Map<String, Value>);

/// The example uses what the component does not have.
type Read<T> = Option<T>;

impl Options {
    fn of(value: &Value) -> Read<Self> {
        value.as_object().cloned().map(Self)
    }

    fn text(&mut self, key: &str) -> Read<Option<String>> {
        match self.0.remove(key) {
            None | Some(Value::Null) => Some(None),
            Some(Value::String(text)) => Some(Some(text)),
            Some(Value::Number(number)) => Some(Some(number.to_string())),
            Some(_) => None,
        }
    }

    fn flag(&mut self, key: &str) -> Read<Option<bool>> {
        match self.0.remove(key) {
            None | Some(Value::Null) => Some(None),
            Some(Value::Bool(flag)) => Some(Some(flag)),
            Some(_) => None,
        }
    }

    fn list(&mut self, key: &str) -> Read<Vec<Value>> {
        match self.0.remove(key) {
            Some(Value::Array(list)) => Some(list),
            _ => None,
        }
    }

    fn options(&mut self, key: &str) -> Read<Option<Options>> {
        match self.0.remove(key) {
            None | Some(Value::Null) => Some(None),
            Some(Value::Object(map)) => Some(Some(Options(map))),
            Some(_) => None,
        }
    }

    /// `text`, `html` or neither, of this very object.
    fn own_content(&mut self) -> Read<Option<Content>> {
        match (self.text("text")?, self.text("html")?) {
            (Some(text), None) => Some(Some(text.into())),
            (None, Some(html)) => Some(Some(Content::html(HtmlSafeOutput(html)))),
            (None, None) => Some(None),
            (Some(_), Some(_)) => None,
        }
    }

    /// A string, or an object with `text` or `html` and nothing else.
    fn content(&mut self, key: &str) -> Read<Option<Content>> {
        self.0.remove(key).map_or(Some(None), |value| content(&value).map(Some))
    }

    fn end(self) -> Read<()> {
        self.0.is_empty().then_some(())
    }
}

fn content(value: &Value) -> Read<Content> {
    if let Value::String(text) = value {
        return Some(text.clone().into());
    }
    let mut options = Options::of(value)?;
    let content = options.own_content()??;
    options.end()?;
    Some(content)
}

/// A label or legend as nhsuk-frontend's macros take it: `text`, or `heading` for a heading of level 1.
fn named(value: &Value) -> Read<(Content, Option<Size>, Option<u8>)> {
    if let Value::String(text) = value {
        return Some((text.clone().into(), None, None));
    }
    let mut options = Options::of(value)?;
    let size = match options.text("size")?.as_deref() {
        None => None,
        Some("s") => Some(Size::S),
        Some("m") => Some(Size::M),
        Some("l") => Some(Size::L),
        Some("xl") => Some(Size::Xl),
        Some(_) => return None,
    };
    let text = options.text("text")?;
    let (text, level) = match options.0.remove("heading") {
        Some(Value::String(heading)) if text.is_none() => (heading, Some(1)),
        Some(Value::Object(heading)) => (text?, Some(u8::try_from(heading.get("level")?.as_u64()?).ok()?)),
        None => (text?, None),
        Some(_) => return None,
    };
    options.end()?;
    Some((text.into(), size, level))
}

fn label(value: &Value) -> Read<Label> {
    let (content, size, heading) = named(value)?;
    let mut label = Label::new(content);
    label = size.into_iter().fold(label, Label::size);
    Some(heading.into_iter().fold(label, Label::heading))
}

fn legend(value: &Value) -> Read<Legend> {
    let (content, size, heading) = named(value)?;
    let mut legend = Legend::new(content);
    legend = size.into_iter().fold(legend, Legend::size);
    Some(heading.into_iter().fold(legend, Legend::heading))
}

fn error(options: &mut Options) -> Read<Option<String>> {
    match options.0.remove("errorMessage") {
        None => Some(None),
        Some(Value::String(text)) => Some(Some(text)),
        Some(Value::Object(mut map)) => match (map.remove("text"), map.is_empty()) {
            (Some(Value::String(text)), true) => Some(Some(text)),
            _ => None,
        },
        Some(_) => None,
    }
}

/// The tokens of the HTML standard that the examples use.
fn token(text: &str) -> Read<&'static str> {
    ["email", "postal-code", "username", "address-level2", "address-line1", "new-password", "tel"]
        .into_iter()
        .find(|known| *known == text)
}

fn width(text: &str) -> Read<Width> {
    Some(match text {
        "2" => Width::W2,
        "3" => Width::W3,
        "4" => Width::W4,
        "5" => Width::W5,
        "10" => Width::W10,
        "20" => Width::W20,
        "30" => Width::W30,
        _ => return None,
    })
}

fn button(mut options: Options) -> Read<String> {
    let text = options.text("text")??;
    let mut button = match options.text("href")? {
        Some(href) => Button::link(text, href),
        None => Button::submit(text),
    };
    match options.text("variant")?.as_deref() {
        None => {}
        Some("login") => button = button.login(),
        Some("secondary") => button = button.secondary(),
        Some("warning") => button = button.warning(),
        Some(_) => return None,
    }
    if options.flag("small")? == Some(true) {
        button = button.small();
    }
    match options.flag("preventDoubleClick")? {
        None => button = button.repeatable(),
        Some(true) => {}
        Some(false) => return None,
    }
    options.end()?;
    Some(button.to_string())
}

fn text_input(mut options: Options) -> Read<String> {
    let (name, label) = (options.text("name")??, label(&options.0.remove("label")?)?);
    let mut input = match options.text("type")?.as_deref() {
        None => TextInput::new(name, label),
        Some("email") => TextInput::email(name, label).autocomplete(""),
        Some(_) => return None,
    };
    input = options.text("id")?.into_iter().fold(input, TextInput::id);
    input = options.content("hint")?.into_iter().fold(input, TextInput::hint);
    input = options.text("value")?.into_iter().fold(input, TextInput::value);
    input = input.error(error(&mut options)?);
    if let Some(text) = options.text("autocomplete")? {
        input = input.autocomplete(token(&text)?);
    }
    if let Some(text) = options.text("width")? {
        input = input.width(width(&text)?);
    }
    match options.text("inputmode")?.as_deref() {
        None => {}
        Some("numeric") => input = input.input_mode(InputMode::Numeric),
        Some("email") => input = input.input_mode(InputMode::Email),
        Some("tel") => input = input.input_mode(InputMode::Tel),
        Some(_) => return None,
    }
    if options.flag("code")? == Some(true) {
        input = input.code();
    }
    if options.flag("spellcheck")? == Some(false) {
        input = input.without_spellcheck();
    }
    options.end()?;
    Some(input.to_string())
}

fn text_area(mut options: Options) -> Read<String> {
    let (name, label) = (options.text("name")??, label(&options.0.remove("label")?)?);
    let mut area = TextArea::new(name, label);
    area = options.text("id")?.into_iter().fold(area, TextArea::id);
    area = options.content("hint")?.into_iter().fold(area, TextArea::hint);
    area = area.error(error(&mut options)?);
    options.end()?;
    Some(area.to_string())
}

fn select(mut options: Options) -> Read<String> {
    let (name, label) = (options.text("name")??, label(&options.0.remove("label")?)?);
    let mut select = Select::new(name, label);
    select = options.text("id")?.into_iter().fold(select, Select::id);
    select = options.content("hint")?.into_iter().fold(select, Select::hint);
    select = options.text("value")?.into_iter().fold(select, Select::value);
    select = select.error(error(&mut options)?);
    for item in options.list("items")? {
        let mut item = Options::of(&item)?;
        let (value, text) = (item.text("value")??, item.text("text")??);
        if item.flag("selected")? == Some(true) {
            select = select.value(value.clone());
        }
        item.end()?;
        select = select.item(value, text);
    }
    options.end()?;
    Some(select.to_string())
}

fn file_input(mut options: Options) -> Read<String> {
    let (name, label) = (options.text("name")??, label(&options.0.remove("label")?)?);
    let mut input = FileInput::new(name, label);
    input = options.text("id")?.into_iter().fold(input, FileInput::id);
    input = options.content("hint")?.into_iter().fold(input, FileInput::hint);
    input = input.error(error(&mut options)?);
    options.end()?;
    // The mark for its script is what we leave out.
    let (ours, theirs) = ("nhsuk-file-upload\">", "nhsuk-file-upload\" data-module=\"nhsuk-file-upload\">");
    Some(input.to_string().replacen(ours, theirs, 1))
}

fn password_input(mut options: Options) -> Read<String> {
    let (name, label) = (options.text("name")??, label(&options.0.remove("label")?)?);
    let mut input = PasswordInput::new(name, label);
    input = options.text("id")?.into_iter().fold(input, PasswordInput::id);
    input = options.content("hint")?.into_iter().fold(input, PasswordInput::hint);
    input = input.error(error(&mut options)?);
    if let Some(text) = options.text("width")? {
        input = input.width(width(&text)?);
    }
    match options.text("autocomplete")?.as_deref() {
        None => {}
        Some("new-password") => input = input.choosing(),
        Some(_) => return None,
    }
    options.end()?;
    Some(input.to_string())
}

fn date_input(mut options: Options) -> Read<String> {
    let mut fieldset = options.options("fieldset")??;
    let legend = legend(&fieldset.0.remove("legend")?)?;
    fieldset.end()?;
    let mut input = DateInput::new(options.text("id")??, legend);
    input = options.content("hint")?.into_iter().fold(input, DateInput::hint);
    input = input.error(error(&mut options)?);
    let mut values = options.options("values")?.unwrap_or(Options(Map::new()));
    let (mut labels, mut typed, mut wrong) = (Vec::<Text>::new(), Vec::new(), Vec::new());
    for (key, english, part) in
        [("day", "Day", DatePart::Day), ("month", "Month", DatePart::Month), ("year", "Year", DatePart::Year)]
    {
        let mut part_options = options.options(key)?.unwrap_or(Options(Map::new()));
        labels.push(part_options.text("label")?.unwrap_or(english.to_owned()).into());
        typed.push(values.text(key)?.or(part_options.text("value")?).unwrap_or_default());
        if part_options.flag("error")? == Some(true) {
            wrong.push(part);
        }
        if part_options.text("autocomplete")?.is_some_and(|token| token == format!("bday-{key}")) {
            input = input.birthday();
        }
        part_options.end()?;
    }
    values.end()?;
    options.end()?;
    let [day, month, year] = typed.try_into().ok()?;
    Some(input.labels(labels.try_into().ok()?).value(day, month, year).wrong(wrong).to_string())
}

fn choices(mut options: Options, radios: bool) -> Read<String> {
    let name = options.text("name")??;
    let fieldset = options.options("fieldset")?;
    // Both kinds have the same methods but not the same type: written once for each.
    macro_rules! fill {
        ($component:expr) => {{
            let mut component = $component;
            component =
                options.text("idPrefix")?.into_iter().fold(component, |component, id| component.id(id));
            component =
                options.content("hint")?.into_iter().fold(component, |component, hint| component.hint(hint));
            component = component.error(error(&mut options)?);
            if options.flag("inline")? == Some(true) {
                component = component.inline();
            }
            if options.flag("small")? == Some(true) {
                component = component.small();
            }
            for item in options.list("items")? {
                let mut item = Options::of(&item)?;
                let (value, label) = (item.text("value")??, item.own_content()??);
                component = match item.content("hint")? {
                    Some(hint) => component.item_with_hint(value, label, hint),
                    None => component.item(value, label),
                };
                item.end()?;
            }
            component
        }};
    }
    let legend = match fieldset {
        None => None,
        Some(mut fieldset) => {
            let legend = legend(&fieldset.0.remove("legend")?)?;
            fieldset.end()?;
            Some(legend)
        }
    };
    let html = if radios {
        let component = fill!(Radios::new(name, legend?));
        options.text("value")?.into_iter().fold(component, Radios::value).to_string()
    } else {
        let component = fill!(match legend {
            Some(legend) => Checkboxes::new(name, legend),
            None => Checkboxes::without_legend(name),
        });
        match options.0.remove("values") {
            None => component.to_string(),
            Some(values) => {
                let values = values.as_array()?.iter().filter_map(|value| value.as_str().map(str::to_owned));
                component.values(values.collect::<Vec<_>>()).to_string()
            }
        }
    };
    options.end()?;
    Some(html)
}

fn error_summary(mut options: Options) -> Read<String> {
    if options.content("heading")? != Some("There is a problem".into()) {
        return None;
    }
    let mut summary = ErrorSummary::new();
    summary = options.content("description")?.into_iter().fold(summary, ErrorSummary::description);
    for error in options.0.remove("errorList").unwrap_or(Value::Array(Vec::new())).as_array()? {
        let mut error = Options::of(error)?;
        let content = error.own_content()??;
        summary = match error.text("href")? {
            Some(href) => summary.field(href.strip_prefix('#')?.to_owned(), content),
            None => summary.message(content),
        };
        error.end()?;
    }
    options.end()?;
    Some(summary.to_string())
}

fn details(mut options: Options) -> Read<String> {
    let mut details = Details::new(options.content("summary")??, options.own_content()??);
    if options.flag("open")? == Some(true) {
        details = details.open();
    }
    match options.text("classes")?.as_deref() {
        None => {}
        Some("nhsuk-expander") => details = details.expander(),
        Some(_) => return None,
    }
    options.end()?;
    Some(details.to_string())
}

fn warning_callout(mut options: Options) -> Read<String> {
    let heading = options.content("heading")??;
    let callout = WarningCallout::new(heading.text, options.own_content()??);
    options.end()?;
    Some(callout.to_string())
}

fn notification_banner(mut options: Options) -> Read<String> {
    let success = match options.text("variant")?.as_deref() {
        None => false,
        Some("success") => true,
        Some(_) => return None,
    };
    let content = options.own_content()??;
    let mut banner =
        if success { NotificationBanner::success(content) } else { NotificationBanner::important(content) };
    banner = options.content("heading")?.into_iter().fold(banner, NotificationBanner::heading);
    banner = options.content("title")?.into_iter().fold(banner, NotificationBanner::title);
    options.end()?;
    Some(banner.to_string())
}

fn panel(mut options: Options) -> Read<String> {
    let panel = Panel::new(options.content("heading")??).content(options.own_content()??);
    options.end()?;
    Some(panel.to_string())
}

fn card(mut options: Options) -> Read<String> {
    let mut card = match options.0.remove("heading") {
        None => Card::without_heading(options.content("description")??),
        Some(heading) => {
            // A card's heading has a level without being an object of its own.
            let (heading, size, level) = match heading {
                Value::Object(mut map) => {
                    let level = map.remove("level").and_then(|level| level.as_u64());
                    let (content, size, None) = named(&Value::Object(map))? else { return None };
                    (content, size, level)
                }
                other => (content(&other)?, None, None),
            };
            let mut card = Card::new(heading);
            card = size.into_iter().fold(card, Card::size);
            card = level.and_then(|level| u8::try_from(level).ok()).into_iter().fold(card, Card::level);
            options.content("description")?.into_iter().fold(card, Card::content)
        }
    };
    match (options.text("href")?, options.flag("clickable")?) {
        (Some(href), Some(true)) => card = card.link(href),
        (None, None) => {}
        _ => return None,
    }
    match options.text("variant")?.as_deref() {
        None => {}
        Some("feature") => card = card.feature(),
        Some("primary") => card = card.primary(),
        Some("secondary") => card = card.secondary(),
        Some(_) => return None,
    }
    card = options
        .text("callBlock")?
        .map(|html| Content::html(HtmlSafeOutput(html)))
        .into_iter()
        .fold(card, Card::content);
    options.end()?;
    Some(card.to_string())
}

fn tag(mut options: Options) -> Read<String> {
    let mut tag = Tag::new(options.own_content()??);
    tag = match options.text("colour")?.as_deref() {
        None => tag,
        Some("white") => tag.colour(TagColour::White),
        Some("grey") => tag.colour(TagColour::Grey),
        Some("green") => tag.colour(TagColour::Green),
        Some("aqua-green") => tag.colour(TagColour::AquaGreen),
        Some("blue") => tag.colour(TagColour::Blue),
        Some("purple") => tag.colour(TagColour::Purple),
        Some("pink") => tag.colour(TagColour::Pink),
        Some("red") => tag.colour(TagColour::Red),
        Some("orange") => tag.colour(TagColour::Orange),
        Some("yellow") => tag.colour(TagColour::Yellow),
        Some(_) => return None,
    };
    options.end()?;
    Some(tag.to_string())
}

fn summary_list(mut options: Options) -> Read<String> {
    let mut list = SummaryList::new();
    if options.flag("border")? == Some(false) {
        list = list.without_border();
    }
    for row in options.list("rows")? {
        let mut row = Options::of(&row)?;
        let (key, value) = (row.content("key")??, row.content("value")??);
        let mut actions = Vec::new();
        if let Some(mut given) = row.options("actions")? {
            for action in given.list("items")? {
                let mut action = Options::of(&action)?;
                let text = action.text("text")??;
                let hidden = action.text("visuallyHiddenText")?.unwrap_or_default();
                actions.push(match (action.text("href")?, action.text("type")?.as_deref()) {
                    (Some(href), None) => RowAction::link(text, href, hidden),
                    (None, Some("submit")) => RowAction::submit(text, hidden),
                    _ => return None,
                });
                action.end()?;
            }
            given.end()?;
        }
        row.end()?;
        list = list.row_with(key, value, actions);
    }
    options.end()?;
    Some(list.to_string())
}

fn table(mut options: Options) -> Read<String> {
    let mut caption = match options.0.remove("caption")? {
        Value::String(text) => Options(Map::from_iter([("text".to_owned(), Value::String(text))])),
        caption => Options::of(&caption)?,
    };
    let hidden = match caption.text("classes")?.as_deref() {
        None => false,
        Some("nhsuk-u-visually-hidden") => true,
        Some(_) => return None,
    };
    let (content, size, None) = named(&Value::Object(caption.0))? else { return None };
    let mut table = Table::new(content);
    table = size.into_iter().fold(table, Table::caption_size);
    if hidden {
        table = table.caption_hidden();
    }
    let cell = |value: &Value| -> Read<Cell> {
        let mut value = value.clone();
        let numeric =
            value.as_object_mut().and_then(|map| map.remove("format")).is_some_and(|it| it == "numeric");
        let content = self::content(&value)?;
        Some(if numeric { Cell::numeric(content) } else { content.into() })
    };
    table = table.head(options.list("head")?.iter().map(cell).collect::<Read<Vec<_>>>()?);
    for row in options.list("rows")? {
        table = table.row(row.as_array()?.iter().map(cell).collect::<Read<Vec<_>>>()?);
    }
    if options.flag("firstCellIsHeader")? == Some(true) {
        table = table.first_cell_is_header();
    }
    if options.flag("responsive")? == Some(true) {
        table = table.responsive();
    }
    if options.flag("border")? == Some(false) {
        table = table.without_border();
    }
    options.end()?;
    Some(table.to_string())
}

fn back_link(mut options: Options) -> Read<String> {
    let mut link = BackLink::new(options.text("href")??);
    link = options.text("text")?.into_iter().fold(link, BackLink::text);
    options.end()?;
    Some(link.to_string())
}

fn skip_link(mut options: Options) -> Read<String> {
    let expected = ("#maincontent", "Skip to main content");
    if (options.text("href")??.as_str(), options.text("text")??.as_str()) != expected {
        return None;
    }
    options.end()?;
    Some(SkipLink.to_string())
}

fn one_content(options: Options, make: impl Fn(Content) -> String) -> Read<String> {
    let mut options = options;
    let content = options.own_content()??;
    options.end()?;
    Some(make(content))
}

fn fieldset(mut options: Options) -> Read<String> {
    let mut fieldset = Fieldset::new(legend(&options.0.remove("legend")?)?);
    fieldset = options.own_content()?.into_iter().fold(fieldset, Fieldset::content);
    options.end()?;
    Some(fieldset.to_string())
}

/// What a component prints for an example, or `None` where the example asks for more than it has.
fn print(component: &str, options: Options) -> Read<String> {
    match component {
        "back-link" => back_link(options),
        "button" => button(options),
        "card" => card(options),
        "checkboxes" => choices(options, false),
        "date-input" => date_input(options),
        "details" => details(options),
        "error-message" => one_content(options, |content| ErrorMessage::new(content).to_string()),
        "error-summary" => error_summary(options),
        "fieldset" => fieldset(options),
        "file-upload" => file_input(options),
        "hint" => one_content(options, |content| Hint::new(content).to_string()),
        "input" => text_input(options),
        "inset-text" => one_content(options, |content| InsetText::new(content).to_string()),
        "label" => label(&Value::Object(options.0)).map(|label| label.to_string()),
        "notification-banner" => notification_banner(options),
        "panel" => panel(options),
        "password-input" => password_input(options),
        "radios" => choices(options, true),
        "select" => select(options),
        "skip-link" => skip_link(options),
        "summary-list" => summary_list(options),
        "tables" => table(options),
        "tag" => tag(options),
        "textarea" => text_area(options),
        "warning-callout" => warning_callout(options),
        _ => unreachable!("{component}"),
    }
}

/// HTML as a list of tags and texts: attributes and classes in order of the alphabet, entities read, white space as one
/// space, and none where it makes no difference on the page.
fn normal(html: &str) -> Vec<String> {
    const INLINE: [&str; 5] = ["a", "b", "code", "span", "strong"];
    let mut tokens: Vec<(String, bool)> = Vec::new();
    let mut rest = html;
    while !rest.is_empty() {
        let (token, inline);
        if let Some(tag) = rest.strip_prefix('<') {
            let end = tag_end(tag);
            (token, inline) = read_tag(&tag[..end], &INLINE);
            rest = &tag[end + 1..];
        } else {
            let end = rest.find('<').unwrap_or(rest.len());
            (token, inline) = (collapse(&entities(&rest[..end])), true);
            rest = &rest[end..];
        }
        tokens.push((token, inline));
    }
    let mut kept = Vec::new();
    for (at, (token, _)) in tokens.iter().enumerate() {
        if token.starts_with('<') {
            kept.push(token.clone());
            continue;
        }
        let block_before = at == 0 || !tokens[at - 1].1;
        let block_after = tokens.get(at + 1).is_none_or(|next| !next.1);
        let mut text = token.as_str();
        if block_before {
            text = text.trim_start_matches(' ');
        }
        if block_after {
            text = text.trim_end_matches(' ');
        }
        if !text.is_empty() {
            kept.push(text.to_owned());
        }
    }
    kept
}

fn tag_end(tag: &str) -> usize {
    let mut quoted = false;
    tag.char_indices()
        .find(|(_, character)| {
            quoted ^= *character == '"';
            *character == '>' && !quoted
        })
        .map(|(at, _)| at)
        .unwrap()
}

fn read_tag(tag: &str, inline: &[&str]) -> (String, bool) {
    let tag = tag.trim_end_matches('/');
    let (name, mut rest) = tag.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((tag, ""));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            break;
        }
        let end = rest.find(|c: char| c == '=' || c.is_ascii_whitespace()).unwrap_or(rest.len());
        let (attribute, after) = rest.split_at(end);
        let mut value = String::new();
        rest = after;
        if let Some(quoted) = after.strip_prefix("=\"") {
            let end = quoted.find('"').unwrap();
            value = entities(&quoted[..end]);
            rest = &quoted[end + 1..];
        }
        if attribute == "class" {
            let mut classes: Vec<_> = value.split_ascii_whitespace().collect();
            classes.sort_unstable();
            value = classes.join(" ");
        }
        attributes.push(format!(" {attribute}=\"{value}\""));
    }
    attributes.sort_unstable();
    (format!("<{name}{}>", attributes.concat()), inline.contains(&name.trim_start_matches('/')))
}

fn entities(text: &str) -> String {
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    let numbered = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#38;", "&")];
    named
        .iter()
        .chain(&numbered)
        .fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

fn collapse(text: &str) -> String {
    let mut collapsed = String::new();
    for character in text.chars() {
        if !character.is_ascii_whitespace() {
            collapsed.push(character);
        } else if !collapsed.ends_with(' ') {
            collapsed.push(' ');
        }
    }
    collapsed
}

/// How many examples of each component are met, and the ones that matter most to us.
const MET: [(&str, usize, &[&str]); 25] = [
    ("back-link", 1, &["default"]),
    (
        "button",
        19,
        &["default", "login", "login as a link", "secondary", "warning", "with double click prevented"],
    ),
    ("card", 23, &["default", "clickable", "feature", "primary (with chevron)", "basic without heading"]),
    ("checkboxes", 27, &["with hints on items", "without fieldset", "with error message and hint"]),
    (
        "date-input",
        18,
        &["default", "with values", "with error message", "with error on day input", "with translations"],
    ),
    ("details", 10, &["default", "open", "with HTML", "expander"]),
    ("error-message", 3, &["default", "with text escaping"]),
    (
        "error-summary",
        9,
        &["default", "with description", "with multiple errors", "without error link (mixed)"],
    ),
    ("fieldset", 2, &["default", "without legend heading"]),
    ("file-upload", 13, &["default", "with hint", "with error message and hint", "without heading"]),
    ("hint", 2, &["default", "with HTML"]),
    (
        "input",
        23,
        &["default", "with hint", "with error message and hint", "with autocomplete attribute", "width"],
    ),
    ("inset-text", 2, &["default", "with HTML"]),
    ("label", 9, &["default", "without heading"]),
    (
        "notification-banner",
        10,
        &["default", "with success variant", "success with HTML", "with custom title"],
    ),
    ("panel", 3, &["default", "with HTML"]),
    (
        "password-input",
        10,
        &["default", "with error message and hint", "without heading", "with autocomplete attribute"],
    ),
    ("radios", 25, &["default", "inline", "with hints on items", "with error message"]),
    ("select", 13, &["default", "with selected value", "with error message and hint", "without heading"]),
    ("skip-link", 1, &["default"]),
    ("summary-list", 8, &["default", "with actions", "with multiple actions", "without border"]),
    ("tables", 11, &["default", "with numeric format (full width, past day)", "without border", "with tags"]),
    ("tag", 13, &["default", "with text escaping"]),
    ("textarea", 12, &["default", "with error message and hint", "without heading"]),
    ("warning-callout", 4, &["default", "with custom heading", "with HTML"]),
];

#[test]
fn each_component_prints_what_nhsuk_frontend_prints() {
    let components = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/assets/node_modules/nhsuk-frontend/dist/nhsuk/components");
    let mut wrong = Vec::new();
    for (component, count, names) in MET {
        let text = std::fs::read_to_string(components.join(component).join("fixtures.json")).unwrap();
        let fixtures: Value = serde_json::from_str(&text).unwrap();
        let mut met = Vec::new();
        for fixture in fixtures["fixtures"].as_array().unwrap() {
            let name = fixture["name"].as_str().unwrap();
            let mut options = Options::of(&fixture["context"]).unwrap();
            if let Some(block) = fixture.get("callBlock").filter(|block| !block.is_null()) {
                options.0.insert("callBlock".to_owned(), block.clone());
            }
            let Some(html) = print(component, options) else { continue };
            met.push(name);
            let (ours, theirs) = (normal(&html), normal(fixture["html"].as_str().unwrap()));
            if ours != theirs {
                let at = ours.iter().zip(&theirs).take_while(|(ours, theirs)| ours == theirs).count();
                wrong.push(format!("{component}, {name}: {:?} should be {:?}", ours.get(at), theirs.get(at)));
            }
        }
        let passed_over = names.iter().filter(|name| !met.contains(name));
        wrong.extend(passed_over.map(|name| format!("{component}, {name}: passed over")));
        if met.len() != count {
            wrong.push(format!("{component}: {} examples met instead of {count}: {met:?}", met.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_person_typed_is_escaped() {
    let typed = "\"><script>alert('1')</script>&";
    let escaped = "&#34;&#62;&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62;&#38;";
    for html in [
        TextInput::new("username", "Username*").value(typed).to_string(),
        TextInput::new("username", typed.to_owned()).hint(typed.to_owned()).error(typed).to_string(),
        TextArea::new("message", typed.to_owned()).value(typed).to_string(),
        PasswordInput::new("password", typed.to_owned()).error(typed).to_string(),
        Select::new("with", typed.to_owned()).item(typed.to_owned(), typed.to_owned()).to_string(),
        FileInput::new("file", typed.to_owned()).hint(typed.to_owned()).error(typed).to_string(),
        DateInput::new("born", typed.to_owned()).value(typed, typed, typed).to_string(),
        Radios::new("answer", typed.to_owned()).item(typed.to_owned(), typed.to_owned()).to_string(),
        ErrorSummary::new().field("username", typed.to_owned()).to_string(),
        SummaryList::new().row(typed.to_owned(), typed.to_owned()).to_string(),
        Table::new("Staff").head([typed.to_owned()]).row([typed.to_owned()]).responsive().to_string(),
        Details::new(typed.to_owned(), typed.to_owned()).to_string(),
        Button::link(typed.to_owned(), typed.to_owned()).to_string(),
        Card::new(typed.to_owned()).link(typed.to_owned()).content(typed.to_owned()).to_string(),
    ] {
        assert!(!html.contains("<script") && html.contains(escaped), "{html}");
    }
}

#[test]
fn a_component_stands_in_a_template_and_in_another_component_as_it_is() {
    #[derive(askama::Template)]
    #[template(source = "<form>{{ field }}{% for tag in tags %}{{ tag }}{% endfor %}</form>", ext = "html")]
    struct Page<'a> {
        field: &'a TextInput,
        tags: Vec<Tag>,
    }
    let page = Page { field: &TextInput::new("username", "Username*"), tags: vec![Tag::new("Approved")] }
        .to_string();
    assert!(page.contains("<input class=\"nhsuk-input\" id=\"username\""), "{page}");
    assert!(page.contains("<strong class=\"nhsuk-tag\">"), "{page}");

    let list = SummaryList::new().row("Status", Tag::new("Approved").colour(TagColour::Green));
    let details = Details::new("Internet access", list).to_string();
    assert!(details.contains("<strong class=\"nhsuk-tag nhsuk-tag--green\">"), "{details}");
}

#[test]
fn the_summary_links_to_what_the_field_marks() {
    let date = DateInput::new("born", "Date of Birth*")
        .value("31", "2", "")
        .error("Enter the year")
        .wrong([DatePart::Year]);
    let (html, summary) =
        (date.to_string(), ErrorSummary::new().field("born-year", "Enter the year").to_string());
    assert!(summary.contains("href=\"#born-year\"") && html.contains("id=\"born-year\""));
    assert_eq!(html.matches("nhsuk-input--error").count(), 1);
    for (label, name) in [("Date", "day"), ("Month", "month"), ("Year", "year")] {
        assert!(
            normal(&html).contains(&label.to_owned()) && html.contains(&format!("name=\"{name}\"")),
            "{html}"
        );
    }
    assert!(html.contains("value=\"31\"") && html.contains("value=\"2\""));
    let second = DateInput::new("to", "To").name_prefix("to").to_string();
    assert!(second.contains("name=\"to-day\""));
    assert_eq!(ErrorSummary::new().to_string(), "");
}

#[test]
fn a_submit_button_is_pressed_once_and_a_password_is_never_shown_again() {
    let button = Button::submit("Log in via Username Password").login().to_string();
    assert!(button.contains("data-prevent-double-click=\"true\"") && button.contains("nhsuk-button--login"));
    let choice =
        Button::submit("Withdraw").says("act", "withdraw").action("/elsewhere").id("withdraw").to_string();
    assert!(
        choice.contains(r#"id="withdraw" name="act" value="withdraw" formaction="/elsewhere""#),
        "{choice}"
    );

    let password = PasswordInput::new("password", "Password*").to_string();
    assert!(!password.contains(" value="), "{password}");
}

#[test]
fn a_field_says_how_it_is_typed() {
    let field = TextInput::new("username", "Username*")
        .autocomplete("username")
        .autocapitalize("characters")
        .without_spellcheck()
        .max_length(64)
        .value(None::<&str>)
        .error(None::<String>)
        .to_string();
    for part in [
        "autocomplete=\"username\"",
        "autocapitalize=\"characters\"",
        "spellcheck=\"false\"",
        "maxlength=\"64\"",
    ] {
        assert!(field.contains(part), "{part}: {field}");
    }
    assert!(!field.contains("error") && !field.contains("value="), "{field}");
    assert!(TextInput::email("email", "Email*").to_string().contains("type=\"email\""));
}

#[test]
fn a_field_for_a_file_says_which_it_takes() {
    let field = FileInput::new("file", "Staff file*").accept(".csv,text/csv").to_string();
    assert!(field.contains(r#"type="file" accept=".csv,text/csv">"#), "{field}");
}
