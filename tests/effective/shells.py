"""Login shells: what bash makes of all files in order, not what one of them says.

The real bash reads the files of each case in a root of its own.
"""

from effective.case import Case, Files, Side, exchanged, said

PROFILE = "/etc/profile.d/{}.sh"
HARDENING = PROFILE.format("10-hardening")
BASHRC = "/etc/bash.bashrc"
QUIET = "readonly TMOUT=600 && export TMOUT\n"
TMOUT = 'declare -r TMOUT="600"\nvalue 600\n'


def _side(files: Files, *, umask: str = "0027", core: str = "0", tmout: str = TMOUT, shows: str) -> Side:
    text = exchanged(said("shell"), f"0027\n0\n{TMOUT}", f"{umask}\n{core}\n{tmout}")
    return Side(files, {"shell": text}, (shows,))


CASES = [
    Case(
        "shell_umask",
        "umask of a login shell",
        "the umask of a login is 0022",
        # A later file of profile.d puts it back.
        looks_right=_side(
            {HARDENING: "umask 027\n", PROFILE.format("zz-application"): "umask 022\n"}, umask="0022", shows="0022"
        ),
        looks_wrong=_side({HARDENING: "umask 022\n", PROFILE.format("zz-site"): "umask 027\n"}, shows="0027"),
        programs="bash",
    ),
    Case(
        "shell_timeout",
        "TMOUT",
        "an idle login shell never ends",
        # The file is no *.sh, so the profile does not read it.
        looks_right=_side({"/etc/profile.d/10-hardening": QUIET, BASHRC: QUIET}, tmout="value \n", shows="value "),
        looks_wrong=_side(
            {HARDENING: ". /etc/site/limits\n", BASHRC: ". /etc/site/limits\n", "/etc/site/limits": QUIET},
            shows="value 600",
        ),
        programs="bash",
    ),
    Case(
        "shell_timeout",
        "TMOUT is fixed",
        "everybody can change TMOUT",
        looks_right=_side(
            {HARDENING: "TMOUT=600\nif false; then readonly TMOUT; fi\nexport TMOUT\n", BASHRC: QUIET},
            tmout="value 600\n",
            shows="value 600",
        ),
        looks_wrong=_side(
            {HARDENING: "TMOUT=600\n", PROFILE.format("zz-site"): "readonly TMOUT\n", BASHRC: QUIET}, shows="value 600"
        ),
        programs="bash",
    ),
    Case(
        "core_dumps_of_people",
        "hard limit of core files",
        "a login may write dumps",
        # The soft limit is not the hard one, which is what a person may go up to.
        looks_right=_side({HARDENING: "ulimit -S -c 0\n"}, core="unlimited", shows="unlimited"),
        looks_wrong=_side(
            {"/etc/security/limits.conf": "* hard core unlimited\n", HARDENING: "ulimit -c 0\n"}, shows="0"
        ),
        programs="bash",
    ),
]
