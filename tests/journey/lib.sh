# Sourced by the journeys: a fresh clone in an empty HOME, the README's commands, terminals that tmux plays.
# The journeys run in a network namespace where that is allowed, so that the README's ports are free
# and nothing but this machine is needed.

export LANG=C.UTF-8 LC_ALL=C.UTF-8
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
server=sotto-journey-$$
good=0
bad=0

# readme_commands: what README.md tells to type, one a line, in its order, without remarks
readme_commands() {
    sed -n '/^    /{s/^    //;p}' "$root/README.md" | sed -e :a -e '/\\$/{N;s/\\\n *//;ta' -e '}' |
        sed 's/  *# .*//' | grep -E '^(\./|curl )'
}

# fresh_clone: HOME is empty then; the clone (of run.sh, else one of our own) is the working folder
fresh_clone() {
    home=$(mktemp -d /tmp/sotto-journey.XXXXXX)
    export HOME=$home
    unset XDG_DATA_HOME XDG_RUNTIME_DIR
    started=$((SECONDS - ${SOTTO_CLONE_SECONDS-0}))
    local clone=${SOTTO_CLONE-}
    [[ -n $clone ]] || { clone=$home/sotto && clone_to "$clone"; }
    cd "$clone" || exit 1
}

# clone_to FOLDER: with what is not committed yet
clone_to() {
    git clone -q "$root" "$1"
    git -C "$root" ls-files -zco --exclude-standard |
        tar -C "$root" --ignore-failed-read --null -T - -cf - 2>/dev/null | tar -C "$1" -xf -
}

# tidy: ends what a journey began
tidy() {
    t kill-server 2>/dev/null
    sleep 0.2
    [[ -z ${home-} ]] || rm -rf "$home"
}

ok() { ((good += 1)); }
failed() {
    echo "failed: $*"
    ((bad += 1))
}

# ---- terminals ----
t() { tmux -L "$server" -f /dev/null "$@"; }
screen() { t capture-pane -p -t "$1"; }
keys() { local w=$1; shift && t send-keys -t "$w" "$@"; }
type_in() { t send-keys -t "$1" -l "$2" && t send-keys -t "$1" Enter; }

# terminal NAME COMMAND: a window in which somebody types it
terminal() {
    t new-session -d -s "$1" -x 80 -y 24 "env PS1='prompt> ' bash --norc --noprofile" && t set-option -g escape-time 10 >/dev/null
    wait_for "$1" 'prompt>' 50 && type_in "$1" "$2"
}

# wait_for WINDOW TEXT TENTHS: 0 when it stands there
wait_for() {
    local i
    for ((i = 0; i < $3; i++)); do
        screen "$1" | grep -qF -- "$2" && return 0
        sleep 0.1
    done
    return 1
}

# shows WINDOW WHAT TEXT [SECONDS]: 20, for machines that others use too
shows() {
    if wait_for "$1" "$3" $((${4-20} * 10)); then ok; else
        failed "$2: no '$3' in the window of $1:"
        screen "$1"
        return 1
    fi
}

# first_start WINDOW PASSPHRASE: what `sotto chat` asks a new person; ends at the card
first_start() {
    local i number before='' words
    type_in "$1" new
    shows "$1" "name" 'Your name' && keys "$1" Enter
    shows "$1" "passphrase" 'A passphrase for this account' && type_in "$1" "$2"
    shows "$1" "again" 'once more' && type_in "$1" "$2"
    shows "$1" "words" '24 words' && shows "$1" "words" 'I have written them down'
    words=$(screen "$1")
    keys "$1" Enter
    for i in 1 2; do
        for _ in {1..200}; do
            number=$(screen "$1" | sed -n 's/.*Word number \([0-9]*\):.*/\1/p')
            [[ -n $number && $number != "$before" ]] && break
            sleep 0.1
        done
        before=$number
        type_in "$1" "$(grep -oE "(^| )$number [a-z]+" <<<"$words" | tail -1 | sed 's/^ *[0-9]* //')"
    done
    shows "$1" "card" 'sottocard1'
}

# ends: the last line, and how it went
ends() {
    echo "$good passed, $bad failed"
    ((bad == 0))
    exit
}

# closes WINDOW: what is open in it; a key that follows too soon would be one with Alt
closes() { keys "$1" Escape && sleep 0.3; }

# selected_card WINDOW: the rows of the card as a mouse selects and copies them
selected_card() { screen "$1" | sed -n '/sottocard1/,/^ *[^a-z0-9 ]\|^ *$/{/^ [a-z0-9]* *$/p}'; }

# paste WINDOW: standard input, as the terminal pastes it
paste() { t load-buffer - && t paste-buffer -p -t "$1"; }
