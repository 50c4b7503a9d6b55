#!/usr/bin/env bash
# The screens in a terminal that tmux plays: a first start, texts of strangers, pastes, windows of
# all sizes, and the shell as it was afterwards. Under half a minute.
#   run.sh PROGRAM
set -uo pipefail
program=$1
server=sotto-test-$$
good=0
bad=0

t() { tmux -L "$server" -f /dev/null "$@"; }
screen() { t capture-pane -p -t main; }
keys() { t send-keys -t main "$@"; }
type_in() { t send-keys -t main -l "$1" && t send-keys -t main Enter; }

# shows WHAT TEXT: within five seconds
shows() {
    local i
    for ((i = 0; i < 50; i++)); do
        screen | grep -qF -- "$2" && { ((good += 1)); return 0; }
        sleep 0.1
    done
    echo "failed: $1: no '$2' on the screen:"
    screen
    ((bad += 1))
    return 1
}

hides() {
    if screen | grep -qF -- "$2"; then
        echo "failed: $1: '$2' is on the screen"
        ((bad += 1))
    else
        ((good += 1))
    fi
}

asked() { screen | sed -n 's/.*Word number \([0-9]*\):.*/\1/p'; }

# Answers one question, with the word of the list as it was shown; sets `number`. A screen may be caught half drawn:
# a number counts when it is seen twice.
answer_word() {
    local before=${number-} i
    for ((i = 0; i < 50; i++)); do
        number=$(asked)
        sleep 0.1
        [[ -n $number && $number != "$before" && $number == "$(asked)" ]] && break
    done
    type_in "$(grep -oE "(^| )$number [a-z]+" <<<"$words" | head -1 | sed 's/^ *[0-9]* //')"
}

trap 't kill-server 2>/dev/null' EXIT
export LANG=C.UTF-8 LC_ALL=C.UTF-8
t new-session -d -s main -x 80 -y 24 "env PS1='prompt> ' bash --norc --noprofile" || exit 1
t set-option -g escape-time 10
shows "the shell" 'prompt>'
type_in "$program"

shows "first start" 'make an identity' || { echo "0 passed, 1 failed"; exit 1; } # or the shell obeyed what follows
type_in new
shows "name" 'Your name'
keys C-u
type_in Raya
shows "passphrase" 'A passphrase for this account'
type_in 'correct horse'
shows "again" 'once more'
hides "a passphrase" 'correct horse'
type_in 'correct horse'
shows "words" '24 xray'
words=$(screen | grep -v 'The 24 words') # the title is no word
keys Enter
shows "check" 'Word number'
type_in wrong
shows "a wrong word" 'That is another word'
shows "a wrong word" '24 xray'
keys Enter
shows "check" 'Word number'
number=
answer_word
answer_word
shows "the card" 'sottocard1'
keys Escape
sleep 0.3
keys C-n
shows "a conversation" 'hello over there'
shows "an escape sequence of a stranger" '␛]2;OWNED'
[[ $(t display-message -p -t main '#{pane_title}') != *OWNED* ]] && ((good += 1)) || ((bad += 1))

type_in 'good morning'
shows "a sent text" 'good morning  → sent'
t set-buffer $'first line\nsecond line\n/quit\nlast line'
t paste-buffer -p -t main
shows "a paste" 'last line'
hides "a paste" 'first line  → sent'
keys Enter
shows "a paste, sent" 'second line'

for size in 40x12 20x6 10x4 120x40 80x24; do
    t resize-window -t main -x "${size%x*}" -y "${size#*x}"
    sleep 0.3
    [[ -n $(screen) ]] && ((good += 1)) || ((bad += 1))
done
shows "after resizing" 'good morning'
keys F1
shows "help" 'Alt-Enter'
keys Escape
sleep 0.3
type_in /lock
shows "the lock" 'The passphrase, please.'
hides "the lock" 'good morning'
type_in 'correct horse'
shows "opened again" 'good morning'
type_in /quit
shows "the shell again" 'prompt>'
hides "the shell again" 'good morning'
type_in 'stty -a | grep -ow -- "-\?icanon" | tr a-z A-Z'
shows "the terminal as it was" 'ICANON'
hides "the terminal as it was" '-ICANON'
echo "$good passed, $bad failed"
((bad == 0))
