// Short texts with a grammar of their own: lists of CPUs, ids of users, passwd(5), sysctl keys,
// names of containers and signals, JSON pointers, paths, and what systemd is told.
#include "../../src/cgroup/stats_files.hpp"
#include "../../src/kernel/number_set.hpp"
#include "../../src/kernel/passwd.hpp"
#include "../../src/kernel/sysctl.hpp"
#include "../../src/lifecycle/user.hpp"
#include "../../src/plan/scope.hpp"
#include "cleat/base/ids.hpp"
#include "cleat/base/text.hpp"
#include "fuzz.hpp"

namespace {

using namespace cleat;

template <class T>
void claim_refusal(const Result<T>& result) {
    if (!result) fuzz::claim_message(result.error().what);
}

void lists(std::string_view text) {
    const auto set = kernel::parse_number_set(text);
    claim_refusal(set);
    constexpr std::size_t kMostWords = 65536 / (8 * sizeof(unsigned long));
    if (!set) return;
    fuzz::claim(!set->words.empty() && set->words.size() <= kMostWords, "a set has bounds");
    fuzz::claim(set->words.back() != 0, "the last word has the greatest number");
    // Both readers of such lists agree on what is one without blanks.
    if (text.find_first_of(" \t\n") != std::string_view::npos) return;
    auto bits = *set;
    for (const auto number : cgroup::parse_list(text)) {
        constexpr unsigned kBits = 8 * sizeof(unsigned long);
        fuzz::claim((set->words.at(number / kBits) >> (number % kBits) & 1U) != 0, "it is listed");
        bits.words[number / kBits] &= ~(1UL << (number % kBits));
    }
    for (const auto word : bits.words) fuzz::claim(word == 0, "nothing else is listed");
}

void users(std::string_view text) {
    const auto user = lifecycle::parse_user(text);
    claim_refusal(user);
    if (user) {
        auto written = concat(user->uid.value);
        if (user->gid) written += concat(":", user->gid->value);
        const auto again = lifecycle::parse_user(written);
        fuzz::claim(again && again->uid == user->uid && again->gid == user->gid,
                    "a user that is written is read as it was");
        fuzz::claim(user->uid.value != 0 || text[0] == '0', "nobody becomes root by a typo");
    }
    const auto home = kernel::home_of(text, Uid{0});
    if (home) fuzz::claim(home->find_first_of(":\n") == std::string_view::npos, "home is a field");
    if (const auto name = lifecycle::find_user_name(text, 0))
        fuzz::claim(name->find_first_of(":\n") == std::string::npos, "a name is a field");
}

void names(std::string_view text) {
    claim_refusal(parse_signal(text));
    const auto id = ContainerId::parse(text);
    claim_refusal(id);
    if (id)
        fuzz::claim(text.find('/') == std::string_view::npos && text != "." && text != "..",
                    "an id is one part of a path");
    const auto key = kernel::sysctl_path(text);
    claim_refusal(key);
    if (key)
        fuzz::claim(key->starts_with("sys/") && key->find("//") == std::string::npos &&
                        concat(*key, "/").find("/../") == std::string::npos,
                    "a key stays below /proc/sys");
    const auto property = plan::parse_property("X", text);
    claim_refusal(property);
    if (property) static_cast<void>(plan::property_text(*property));
}

void paths(std::string_view text) {
    const auto normal = normal_path(text);
    fuzz::claim(normal.starts_with('/') && normal.find("//") == std::string::npos &&
                    concat(normal, "/").find("/../") == std::string::npos &&
                    normal_path(normal) == normal,
                "a normal path is absolute, has no \"..\" and stays as it is");
    std::string pointer;
    for (const auto& token : pointer_tokens(text)) pointer = pointer_push(pointer, token);
    const auto tokens = pointer_tokens(pointer);
    fuzz::claim(tokens == pointer_tokens(text), "a pointer's tokens stay the same");
    const auto safe = quoted(text);
    fuzz::claim(safe.size() >= 2 && safe.find('\n') == std::string::npos, "quoted is one line");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kLongest = 4000;
    const auto text = fuzz::text_of(data, size < kLongest ? size : kLongest);
    lists(text);
    users(text);
    names(text);
    paths(text);
    return 0;
}
