### What whoever installs, runs or corrects reads: the terminal and the faults of a course.

## Installing and settings

setup-mistral-debug = MISTRAL_DEBUG is set and would write questions into the logs: remove this variable.
setup-setting = { $name } is not right: { $mend }
setup-env-file = The .env file cannot be read: save it as UTF-8, one NAME=value line a setting.
setting-mend-url = give an address that begins with https://.
setting-mend-temperature = give a number between 0 and 1.5.
setting-mend-timezone = give a known time zone, such as Europe/Paris.
setting-mend-secret-key = give a text of 32 characters or more.
setting-mend-token = copy it again, without spaces or accents.
setting-mend-lang = give fr or en.
setting-mend-log-format = give console or json.
setting-mend-log-level = give debug, info, warning or error.
setting-mend-number = give a number within the bounds told in .env.example.
setting-mend-flag = put true or false.
setting-unknown = { $name } is no known setting{ $near ->
    [none] .
   *[other] : did you mean { $near }?
}
setup-database-url = DATABASE_URL is not right: give a file's path, sqlite:///file or postgresql://user@host/base.
setup-database-file = The database “{ $file }” cannot be opened: check that its folder exists and that you may write there.
setup-database-readonly = The database “{ $file }” is read-only: allow writing to the file and its folder.
setup-database-locked = The database “{ $file }” is held by another program: stop it or wait until it is done.
setup-database-full = The disk is full, no room for “{ $file }”: free some space.
setup-database-broken = “{ $file }” is no database of Profond, or it is damaged: restore a backup or change DATABASE_URL.
setup-postgres-extra = PostgreSQL needs one more package: pip install "profond[postgres]".
setup-postgres-away = PostgreSQL does not answer at { $host }: check that it runs, then the user and password in DATABASE_URL.
setup-schema-newer = The database comes from a newer version of Profond: update the program.
setup-key-missing = With PostgreSQL, PROFOND_SECRET_KEY is needed: give a text of 32 characters or more, and keep it.
setup-key-wrong = The key does not open this database: put back the PROFOND_SECRET_KEY (or the .key file) it was made with.
setup-key-file = The key file “{ $file }” is missing beside the database: restore it, or set PROFOND_SECRET_KEY.
setup-course = The course has { $count } fault(s): mend them, then run “profond kb check” again.
setup-prompt-missing = The prompt “{ $file }” is not there: correct “prompt” in course.json.
setup-prompt-section = The part “## { $section }” is missing in { $file }: take it from profond-1.md.
setup-questions-file = “{ $file }” is no list of questions: JSON with id, kind, question and targets is needed.
setup-output-file = “{ $file }” cannot be written: check the folder and your rights.
setup-prices = The file of prices “{ $file }” cannot be read: follow the form of core/prices.json.
setup-output-exists = “{ $file }” is there already: choose another name, or add --force to replace it.
setup-markdown = The Markdown has { $count } fault(s), nothing is written: mend them, then try again.
setup-markdown-file = “{ $file }” cannot be read: check the path and your rights, and save it as UTF-8.
setup-topic-unknown = There is no topic “{ $name }”. The nearest: { $near }. To make a new one, add --new-topic.
setup-topic-exists = The topic “{ $name }” is there already: leave out --new-topic to add the card to it.
setup-no-id = “{ $title }” makes no id: put plain letters or digits into it.

## Faults of a course

fault-file-missing = the file is missing.
fault-not-utf8 = save the file as UTF-8.
fault-unreadable = the file cannot be read: check its rights.
fault-not-json = this is not JSON: look at line { $line }, column { $column }.
fault-too-nested = the file is nested too deep.
fault-no-topics = there is no topic file in this folder.
fault-field-missing = a required field is missing.
fault-field-unknown = unknown field: correct its name or remove it.
fault-level = unknown level “{ $value }”: give beginner, intermediate or advanced (or débutant, intermédiaire, avancé).
fault-id = id “{ $value }”: only lower-case letters, digits and hyphens.
fault-empty = the text is empty.
fault-not-text = a text in quotes is needed.
fault-not-list = a list in square brackets is needed.
fault-not-object = an object in braces is needed.
fault-too-few = the list is too short.
fault-other = unexpected value “{ $value }”.
fault-double = “{ $value }” is already in { $other }: change one of the two.
fault-dead-link = the related card “{ $value }” does not exist.
fault-content-differs = content is not the text of its own level.
fault-level-missing = the level { $value } is not written.
fault-few-aliases = fewer than { $count } aliases: add the students' words.
fault-alias-double = the alias “{ $value }” is also on { $other }: keep it on one card.
fault-not-calibrated = the course was never calibrated: run “profond kb calibrate”.
fault-to-write = text to write: put yours in its place.
fault-long-level = { $count } words, { $limit } at most: cut it, or make two cards.
fault-long-card = the whole card has { $count } characters, { $limit } at most in one message: shorten it.
fault-many-aliases = more than { $limit } aliases: keep the most useful, put single words into keywords.
fault-figure-missing = the picture “{ $value }” is not in the course's folder: add it, or correct file.
fault-md-fence = this block of code is not closed: close it with a line of three backticks.
fault-md-no-topic = no topic heading: put a line “## Topic” above the cards, which begin with “### Title”.
fault-md-orphan = the card “{ $title }” is in no topic: put a line “## Topic” above it.
fault-md-stray = this text is in no card: put a line “### Title” above it, or remove it.
fault-md-second-title = the course has its title at line { $line }: a topic is written “## Topic”.
fault-md-title = empty heading: write it behind the #.
fault-md-section = unknown part “{ $title }”: give Débutant, Intermédiaire, Avancé or a field such as Exemple; else write it in bold.
fault-md-twice = “{ $label }” is there twice: a card has one.
fault-md-after-label = there is text behind the fields of the part “{ $label }”: put it above, with the card's text.
fault-md-no-id = “{ $title }” makes no id: add one to the heading, like this: { $example }.
fault-md-double = the id “{ $value }” is taken at line { $line }: give the heading another, like this: { $example }.
fault-md-no-card = the topic “{ $title }” has no card: add a line “### Title” and a text.
fault-md-no-text = the card “{ $title }” has no text: write one below its title.
fault-md-pair = “{ $other } :” is missing behind “{ $label } :”.
fault-md-pair-alone = “{ $other } :” is missing before “{ $label } :”.
fault-md-figure = a picture is written ![description](figures/file.png), with a description.

## Terminal

cli-ask = Ask a question and read the answer.
cli-missing = { $name } is missing: type “profond { $command } --help”.
cli-unknown-option = There is no option { $name }: type “profond --help”.
cli-unknown-command = There is no such command: type “profond --help”.
cli-bad-value = { $name } does not accept this value: type “profond { $command } --help”.
cli-usage = The command is not complete: type “profond --help”.
cli-stopped = Stopped.
chat-welcome = Ask your question. /help for help, /quit to end.
chat-commands = /ask question · /topic [topic] · /level [level] · /quiz · /simple · /plus · /exemple · /refaire · /bien · /mal · /signaler text · /usage · /mydata · /forget · /help · /quit
chat-unknown = I do not know { $name }. Commands: /ask /topic /level /usage /forget /help /quit.
chat-no-answer = There is no answer yet: ask a question first.
chat-forget-sure = Erase everything? Type /forget yes to confirm.
chat-quiz-answer = Answer: { $answer }
chat-bye = See you soon!
topic-list = { $id } — { $title } ({ $count } cards)
card-list = { $id } — { $title }
page-previous = Before: { $title }
page-next = After: { $title }
page-related = See also: { $titles }
doctor-ok = ok
doctor-warning = look
doctor-fault = fault
doctor-settings = Settings: read; no value is shown.
doctor-database = Database: { $kind }, schema { $version }, sound.
doctor-database-broken = Database: { $kind } is damaged, restore a backup.
doctor-course = Course: { $topics } topics, { $cards } cards, version { $version }.
doctor-course-warnings = Course: { $count } point(s) to look at, “profond kb check” shows them.
doctor-key-none = Mistral key: none, the cards answer alone. For the model, set MISTRAL_API_KEY.
doctor-key-good = Mistral key: accepted by { $server }, model { $model }.
doctor-key-model = Mistral key: accepted, but the model { $model } is not in the list; correct MISTRAL_MODEL.
doctor-key-bad = Mistral key: refused by { $server }; check MISTRAL_API_KEY.
doctor-key-away = Mistral: { $server } does not answer; check the network and MISTRAL_SERVER_URL.
doctor-discord-good = Discord: token accepted.
doctor-discord-bad = Discord: token refused; copy DISCORD_TOKEN again from the developer portal.
doctor-discord-away = Discord: no answer; check the network.
doctor-slack-good = Slack: token accepted.
doctor-slack-bad = Slack: token refused; copy SLACK_BOT_TOKEN (xoxb-…) again from the app's page.
doctor-slack-away = Slack: no answer; check the network.
doctor-slack-pair = Slack: SLACK_BOT_TOKEN and SLACK_APP_TOKEN go together; set both.
doctor-good = All is well.
migrate-done = The database is up to date (schema { $version }).
reports-none = No reports.
reports-done = Report { $id } settled.
report-line = { $id } · { $kind } · { $at } · cards: { $cards } · course { $version }
report-question = Question: { $question }
report-text = Reported: { $text }
kind-report = reported
kind-thumb_down = 👎
kb-good = { $topics } topics, { $cards } cards: no fault.
kb-warnings = { $count } point(s) to look at.
kb-head-topic = topic
kb-head-cards = cards
kb-head-levels = three levels
kb-head-aliases = aliases
kb-head-misconceptions = misconceptions
kb-head-questions = quiz
kb-head-figures = figures
kb-head-warnings = to look at
kb-total = total
kb-at-line = { $file }, line { $line }
kb-created = Card “{ $card }” made in { $file }: fill it in, “profond kb check” shows what is missing.
kb-state-new = new
kb-state-changed = changed ({ $fields })
kb-state-emptied = changed ({ $fields }), emptied ({ $emptied })
kb-state-same = same
kb-imported = { $new } new, { $changed } changed, { $same } same: { $files ->
    [none] nothing to write.
   *[other] written to { $files }.
}
kb-would-import = { $new } new, { $changed } changed, { $same } same: nothing is written (--dry-run).
kb-exported = { $cards } card(s) written to { $file }.
card-to-write = This card is still to be written.
kb-zone = Zone: { $zone } (confidence { $confidence }).
kb-repaired = Words repaired: { $words }
kb-matched = Words known: { $words }
kb-calibrated = Thresholds written to { $file }: sure from { $sure }, outside the course under { $outside }, over { $count } questions.

## Help of the command line

cli-profond = Profond answers a class's questions from the teacher's cards.
cli-chat = Hold a conversation, with the chats' commands.
cli-discord = Serve the class's Discord.
cli-invite = Print the link that invites the bot.
cli-doctor = Check settings, database, course, key and tokens.
cli-migrate = Bring the database up to date.
cli-reports = Read the reported answers and the 👎.
cli-kb = Check, write, search, measure and calibrate the course.
cli-kb-check = Show every fault of the course at once.
cli-kb-search = Show the cards found for a text, and why.
cli-kb-eval = Measure the search with a file of questions.
cli-kb-calibrate = Set the zones' thresholds from questions.
cli-kb-new = Add a card to fill in to a topic.
cli-kb-import = Make cards of a Markdown file: ## topic, ### card.
cli-kb-export = Write the course, or one topic, as Markdown.
cli-new-topic = Make the topic as well.
cli-dry-run = Show what would change, write nothing.
cli-output = File to write; without it the Markdown goes to the screen.
cli-force = Replace the file if it is there.
cli-strict = Fail on what is only worth a look, too.
cli-level = beginner, intermediate or advanced.
cli-lang = Language of the sentences: fr or en.
cli-json = Write JSON.
cli-done = Mark this report as settled.
cli-precision = Share of right first cards wanted in the sure zone.
cli-refused = Share of the course's questions that may be refused.

## Keeping

backup-done = Copy made: { $file }. To restore it: stop the bot, put this file (and its .key) in the first one's place.
backup-postgres = The database is PostgreSQL: copy it with pg_dump (see docs/operations).
backup-nothing = There is nothing to copy yet: “{ $file }” does not exist.
backup-exists = “{ $file }” exists already: choose another name, nothing was overwritten.
backup-failed = The copy could not be written to “{ $file }”: look at the space and the rights.
rotate-done = The secret is changed: nobody is lost. { $next }
rotate-file = It is in the .key file beside the database.
rotate-setting = Put the new one in PROFOND_SECRET_KEY before you start the bot again.
rotate-needs-new = PROFOND_SECRET_KEY is set: give the new secret on standard input (profond rotate-key --stdin), then change the setting.
rotate-short = The new secret must have at least 32 characters.
erase-done = Erased: { $count } question(s) of { $person }.
cli-backup = Copy the database while the bot runs.
cli-rotate = Change the database's secret without losing anybody.
cli-rotate-stdin = Read the new secret from standard input.
cli-erase = Erase everything that is kept of a person (platform:id).
