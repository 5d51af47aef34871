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
fault-few-aliases = fewer than 4 aliases: add the students' words.
fault-alias-double = the alias “{ $value }” is also on { $other }: keep it on one card.
fault-not-calibrated = the course was never calibrated: run “profond kb calibrate”.

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
kb-zone = Zone: { $zone } (confidence { $confidence }).
kb-repaired = Words repaired: { $words }
kb-matched = Words known: { $words }
kb-calibrated = Thresholds written to { $file }: sure from { $sure }, outside the course under { $outside }, over { $count } questions.

## Help of the command line

cli-profond = Profond answers a class's questions from the teacher's cards.
cli-chat = Hold a conversation, with the chats' commands.
cli-doctor = Check settings, database, course, key and tokens.
cli-migrate = Bring the database up to date.
cli-reports = Read the reported answers and the 👎.
cli-kb = Check, search, measure and calibrate the course.
cli-kb-check = Show every fault of the course at once.
cli-kb-search = Show the cards found for a text, and why.
cli-kb-eval = Measure the search with a file of questions.
cli-kb-calibrate = Set the zones' thresholds from questions.
cli-strict = Fail on what is only worth a look, too.
cli-level = beginner, intermediate or advanced.
cli-lang = Language of the sentences: fr or en.
cli-json = Write JSON.
cli-done = Mark this report as settled.
cli-precision = Share of right first cards wanted in the sure zone.
cli-refused = Share of the course's questions that may be refused.
