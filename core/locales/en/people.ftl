### What students read. One clear sentence, one idea, and what to do.

## Levels and lengths of time

level-beginner = beginner
level-intermediate = intermediate
level-advanced = advanced
seconds = { $count } s
minutes = { $count } min
hours = { $count } h

## Answers

unsure = I am not sure I understand your question. Here are the course cards that come nearest to it. Does one of them help? If not, ask me again in other words.
outside = That is not in my course (“{ $course }”), so I would rather not make something up. Ask your teacher for the rest. You can ask me one of these questions, for example:
stopped = *Stopped as you asked.*
card-example = **Example** { $example }
card-misconception = **False belief**: { $claim } **In fact**: { $correction }
card-none = I have no card about what your picture shows, and the model could not read it: describe it in a few words, or try again later.
card-check = **Your turn**: { $question }
sources = Sources: { $titles }
labelled = { $label }: { $text }
choices = To open
questions = To ask
zone-sure = sure
zone-unsure = not sure
zone-outside = outside the course

note-cut = Your text was very long: I kept its beginning and its end ({ $limit } characters).
note-file-gone = I keep no files: for me to read yours again, send it once more with your question.
note-cards = Taken from the course cards, written by the teacher, without a model.
note-cards-away = The model does not answer just now: here is what the course cards say.
note-cards-queue = Too many people are asking the model just now: here is what the course cards say. You can ask the model again a little later.
note-cards-day = The model has worked hard today and its budget for the day is used up: the course cards answer you until tomorrow.
note-cards-month = The model's budget for this month is used up: the course cards answer you until next month.
note-cards-picture = The model could not read your picture: here is what the course cards say. Take another screenshot, or describe what it shows.
note-model-stopped = *The model stopped half-way. Here is what the course cards say:*
note-cards-foreign = The model answered in another language: here is what the course's cards say.
note-model-foreign = *The model began to answer in another language. Here is what the course's cards say:*
note-loop = *The model was repeating itself: I stopped its answer here. Ask me to go on if you need more.*
note-length = *The answer was cut because it was too long: ask me for the rest.*
note-language = The course cards are in French; only the model can answer in another language.

## Small talk

small-talk-thanks = You're welcome! I am here if another part of the course gives you trouble.
small-talk-greeting = Hi! Ask me a question about the course, in any style.
small-talk-laughter = 😄 Whenever you like, let's take a question of the course.
small-talk-goodbye = See you soon, and good luck!
small-talk-panic = Don't panic. Tell me the word or the exercise that you are stuck on, and we take it from the start.
small-talk-yes = Perfect. We go on whenever you like.
small-talk-reply = Noted. Ask me a question about the course, and we go on.
small-talk-rude = Ouch. Tell me what was wrong with the answer, or ask in other words: I will do better.
small-talk-who = I am Profond, the course's assistant. I am a machine: I answer from the teacher's cards, and I can be wrong.
small-talk-noise = I did not understand. Ask me a question about the course, for example with “what is…” or “how…”.

## Refusals

refusal-empty = There is no question: write it after the command.
refusal-allowance = You have used your questions for now: the next one comes in { $wait }.
refusal-allowance-day = You have reached today's limit: your questions come back in { $wait }.
refusal-already-taken = This question is already taken.
refusal-not-yours = Only the person who asked can do that.
refusal-unknown = I cannot find “{ $name }”: it may be erased, or misspelt.
refusal-no-topic = I find no topic or card like “{ $name }”: type /topic alone to see the list.
refusal-no-quiz = This card has no question yet: choose another one.
refusal-file-type = I cannot read “{ $name }”: send text or code (.py, .ipynb, .txt, .md, .json, .csv, .log, .yaml).
refusal-file-size = “{ $name }” is too large: send { $limit } KB at most.
refusal-file-type-seen = I cannot read “{ $name }”: send text or code (.py, .ipynb, .txt, .md, .json, .csv, .log, .yaml) or a picture (.png, .jpg, .webp).
refusal-file-lies = “{ $name }” does not hold what its name says: send the right file, with the right ending.
refusal-file-deep = “{ $name }” is a notebook too deeply nested to be read: copy the code that matters into a .py file.
refusal-file-count = That is too many files at once: send { $limit } at most.
refusal-image-size = “{ $name }” is too large: send a picture of { $limit } MB at most.
refusal-image-huge = “{ $name }” is too large ({ $width } × { $height } pixels): shrink or crop it, { $limit } pixels a side at most.
refusal-image-broken = “{ $name }” is no PNG, JPEG or WebP picture that I can read: take the screenshot again and send it.
refusal-image-unseen = I cannot look at “{ $name }”: here I read text and code alone. Copy the message or the code into your question.
refusal-file-away = I could not download “{ $name }”: send the file again.
error-store-away = My memory does not answer: nothing is lost, try again in a minute.
error-model-away = The model does not answer: try again in a minute.
error-too-late = Sorry: a breakdown kept me from answering your question in time. Ask it again, it cost you nothing.
error-unexpected = Something failed on my side: try again, and tell your teacher if it goes on.

## Verbs

level-now = Your level: { $level }. To change it: /level beginner, /level intermediate or /level advanced.
level-set = Noted: I explain at the { $level } level.
level-unknown = I do not know this level: choose beginner, intermediate or advanced.
usage = You have { $left } question(s) of { $size } left for now, and { $today } today.
usage-next = One more in { $wait }.
usage-exempt = No limit for you here.
forget-done = Erased: { $count } question(s) with their answers, your feedback, your level. Today's limit stays.
feedback-thanks = Thanks, noted.
report-thanks = Thank you: the teacher will see this report ({ $id }).
help = Ask me a question about “{ $course }”, in your own words. For example:
notice-cards = I am a machine: I answer with the cards of the course “{ $course }”, and I can be wrong. Your questions are kept encrypted, without your name, for the rest of the conversation. /forget erases everything.
notice-model = I am a machine: a model by Mistral AI writes my answers with the cards of the course “{ $course }”, and I can be wrong. Your questions leave without your name and are kept encrypted. /forget erases everything; give nothing personal.
waiting = { $position ->
    [1] You are next, about { $seconds } s.
   *[other] You are number { $position }, about { $seconds } s.
}
