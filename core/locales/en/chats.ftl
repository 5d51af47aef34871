### What students and the teacher read in Discord and Slack.

## Buttons

button-good = 👍
button-bad = 👎
button-simpler = Simpler
button-deeper = Deeper
button-example = Another example
button-redo = Try again
button-report = Report an error
button-share = Share with the class (anonymous)
button-publish = Publish for the class
button-thread = Continue in a thread
button-more = More…
button-stop = Stop
button-quiz = Quiz me
button-reveal = Show the answer
button-about = Ask a question
button-ask = Ask a question
button-pin = Pin a button
button-private-yes = Always in private
button-private-no = No longer always in private
button-forget = Yes, erase everything
button-data = My data
button-with-model = Try again with the model

## Commands

command-ask = Ask a question about the course
command-topic = Open a card of the course, or its map
command-level = Choose how deep the explanations go
command-usage = How many questions you have left
command-help = How to use it, with ready-made questions
command-privacy = What is kept, and how to erase it
command-mydata = Everything that is kept about you
command-forget = Erase everything that is kept about you
command-explain = Explain this message
option-question = Your question, in your own words
option-level = The level, for this question
option-private = Only you will see the answer
option-file = Code, text, a notebook or a picture
option-topic = A topic of the course
option-card = A card of the course
option-my-level = Your level

## Forms

form-ask = Your question
form-ask-hint = In your own words
form-about = Question about “{ $card }”
form-report = Report an error
form-report-label = What is wrong?
form-report-hint = The teacher reads your sentence with the answer, without your name.
send = Send
cancel = Cancel

## Short answers

thinking = Looking it up in the course…
stopping = Stopping.
nothing-to-stop = The answer is already finished.
more-title = What would you like to do with this answer?
quiz-title = **Your turn**: { $question }
quiz-answer = **Answer**: { $answer }
map-title = **{ $course }**: the topics
topic-title = **{ $topic }**: the cards
card-place = { $topic } · { $level } level
share-preview = This is what the class would see, without your name:
share-title = Shared question, anonymous
share-done = Published, without your name.
share-denied = I could not publish in this channel: ask your teacher to give me the right.
thread-name = More about this question
thread-hello = Let's go on here. To talk to me, mention me or reply to one of my messages.
thread-hello-all = Let's go on here: simply write what you want to know next.
thread-made = The thread is open: { $link }
thread-exists = This answer has its thread already: { $link }
thread-denied = I could not open a thread here: ask your teacher to give me the right.
explain-question = Explain: { $text }
explain-file = Explain this file.
explain-empty = This message has no text that I can read: choose another one.
mention-me = I can read your message only if you mention me: write it again, beginning with my name and @.
not-here = I don't answer in this channel: ask your teacher where to put your questions.
no-dm = I don't answer direct messages here: use /ask in the class's channel.
answered-directly = I answered you in a direct message. To change it: /privacy.
direct-refused = I could not send you a direct message: your answer is in /mydata, and with /ask you alone will see it here.
shown-elsewhere = I could not write where you asked, so here is my answer.
pin-text = A question about the course? Press here, write it, and I answer. Nobody judges you.
pin-done = The message is posted: you may pin it now.
pin-teacher = Only a teacher (the right to manage the server) can do that.
private-yes = Noted: I will always answer you in private. To change it: /privacy.
private-no = Noted: I will answer in the channel, unless you ask in private.
privacy = **What is kept**: your questions and my answers, encrypted, without your name (a fingerprint stands for it), so that a conversation can go on; your feedback; your level. **Erased** after { $days } days, or at once with /forget. **See it all**: /mydata. { $model }
privacy-model = The model (Mistral AI) receives your question without your name or address; a picture goes without its metadata, but as it looks: show nothing personal on it.
privacy-cards = No model is used: nothing leaves this place.
mydata-title = This is everything that is kept about you, as JSON.
forget-sure = Erase everything that is kept about you (questions, answers, feedback, level)? It is immediate and final.
not-allowed = I do not have the right to do that here: tell your teacher.
error-restart = I am restarting: your answer comes here as soon as I am back; there is nothing to do.
stale-button = This button no longer works: ask with /ask.

## Installing

discord-invite = Open this link to invite the bot (only the rights it needs):
discord-no-token = DISCORD_TOKEN is missing: type “profond setup”, or copy the token from the developer portal (Bot → Reset Token) into the .env file.
discord-bad-token = Discord refuses the token DISCORD_TOKEN: copy it again from the portal (Bot → Reset Token).
discord-intent = Discord refuses the message content: switch on “Message Content Intent” in the portal (page Bot), or take DISCORD_MESSAGE_CONTENT away.
discord-away = Discord does not answer: next try in { $wait }.
doctor-discord-alone = Discord: the bot is in no server; invite it with profond discord --invite.
doctor-discord-rights = Discord: the bot lacks rights in “{ $server }” ({ $missing }); invite it again with profond discord --invite.
doctor-discord-unseen = Discord: the bot sees no server and no channel under the number { $id } of { $name }; copy it again (developer mode, right-click, “Copy ID”), or let the bot see it.
discord-ready = Profond is online on Discord ({ $guilds } server(s)). Write /ask in your channel.

## Slack

cli-slack = Serve the class's Slack.
cli-http = Receive Slack's events by HTTP (SLACK_SIGNING_SECRET, PORT) instead of Socket Mode.
cli-manifest = Print the manifest of the Slack app.
slack-asks = { $name } asks:
slack-somebody = Somebody
slack-waiting = Your question is on its way to the channel: place { $position }, about { $seconds } s.
slack-invite = I am not in this channel: write “/invite @{ $bot }” here, then ask again.
slack-vanishes = Only you see this message. It disappears when you reload Slack; “/profond mydata” keeps the answer.
slack-help = In a thread or a direct message you may also say: “level beginner”, “topic” with a subject, “usage”, “stop”, “help”. Elsewhere: /ask, /cours, /level and /profond ask, topic, level, usage, mydata, forget, privacy, help. For an answer that only you will see: /ask private: your question.
slack-home = Mention me in a channel, write to me here, or type /ask. What you choose here holds everywhere.
slack-home-level = Your level of explanation
slack-forget = Erase my data
slack-close = Close
slack-explain = Explain
slack-data-sent = I sent you your data in a direct message.
slack-hint-ask = your question (or private: your question)
slack-hint-level = beginner, intermediate or advanced
slack-hint-topic = a topic or a card
slack-no-token = SLACK_BOT_TOKEN is missing: type “profond setup”, or copy the token xoxb-… from the app's page (OAuth & Permissions) into the .env file.
slack-no-app-token = SLACK_APP_TOKEN is missing: copy the token xapp-… from the app's page (Basic Information, App-Level Tokens, connections:write) into the .env file.
slack-no-secret = SLACK_SIGNING_SECRET is missing: copy it from the app's page (Basic Information) into the .env file.
slack-bad-token = Slack refuses the token SLACK_BOT_TOKEN: copy it again from the app's page (OAuth & Permissions).
slack-bad-app-token = Slack refuses the token SLACK_APP_TOKEN: copy it again from the app's page (Basic Information, App-Level Tokens).
slack-scope = The bot lacks the scope { $scope }: add it on the app's page (OAuth & Permissions), then reinstall the app.
slack-app-scope = The token SLACK_APP_TOKEN lacks the scope { $scope }: create a new token with it (Basic Information, App-Level Tokens).
slack-refused = Slack refuses the app ({ $error }): check that it is installed in the workspace.
slack-port = Port { $port } is taken: choose another with PORT.
slack-away = Slack does not answer: next try in { $wait }.
slack-ready = Profond is online on Slack as { $name }. Invite it into a channel with /invite @{ $name }, then mention it.
