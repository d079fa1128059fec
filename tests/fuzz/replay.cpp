// The fuzz targets without libFuzzer, in one program that any compiler makes: replay CORPUS
// [SECONDS [TARGET]]. Every file of CORPUS/TARGET is run; then, for so many seconds a target, files
// with random changes. What was run when a claim did not hold is written to ./crash-TARGET.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"

// TARGETS is a list of names, each in X(…): meson.build has it.
#define X(name) extern "C" int fuzz_##name(const std::uint8_t* data, std::size_t size);
TARGETS
#undef X

namespace {

using namespace cleat;
using Function = int (*)(const std::uint8_t*, std::size_t);

struct Target {
    const char* name;
    Function run;
};
#define X(name) {#name, fuzz_##name},
constexpr Target kTargets[] = {TARGETS};
#undef X

// What is run now, for the handler of signals.
const std::string* current_input = nullptr;
const char* current_target = "";

void save_input(int number) {
    char path[64];
    std::snprintf(path, sizeof path, "crash-%s", current_target);
    const int fd = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd >= 0 && current_input != nullptr &&
        ::write(fd, current_input->data(), current_input->size()) < 0)
        ::_exit(2);
    std::signal(number, SIG_DFL);
    std::raise(number);
}

void run(const Target& target, const std::string& input) {
    current_input = &input;
    current_target = target.name;
    // A copy of its own, so that a sanitizer sees what lies beyond it.
    const std::vector<std::uint8_t> bytes(input.begin(), input.end());
    target.run(bytes.data(), bytes.size());
}

std::vector<std::string> corpus_of(const std::string& directory) {
    std::vector<std::string> inputs;
    const auto names = sys::list_directory_at(sys::kHere, directory.c_str());
    if (!names) return inputs;
    for (const auto& name : *names) {
        auto text = sys::read_text_at(sys::kHere, concat(directory, "/", name).c_str());
        if (text) inputs.push_back(*std::move(text));
    }
    return inputs;
}

/// Random changes to inputs, the same on every machine.
class Changes {
 public:
    explicit Changes(const std::vector<std::string>& inputs) : inputs_(inputs) {}

    std::string next() {
        constexpr std::size_t kLongest = 20000;
        std::string text = any();
        for (auto left = 1 + below(6); left > 0; --left) change(text);
        text.resize(std::min(text.size(), kLongest));
        return text;
    }

 private:
    std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }
    const std::string& any() { return inputs_[below(inputs_.size())]; }

    void change(std::string& text) {
        static constexpr std::string_view kOdd[] = {
            "0",     "-1",      "4294967295", "4294967296", "18446744073709551615",
            "\"\"",  "[]",      "{}",         "null",       "true",
            "1e400", "\\u0000", "../",        "/",          ":",
            ",",     "\n",      "-",          "\xff",       "\x80"};
        const auto at = below(text.size() + 1);
        const auto length = below(std::min<std::size_t>(text.size() - at, 40) + 1);
        switch (below(6)) {
            case 0:
                text.insert(at, kOdd[below(std::size(kOdd))]);
                break;
            case 1:
                text.erase(at, length);
                break;
            case 2:
                text.replace(at, length, kOdd[below(std::size(kOdd))]);
                break;
            case 3:
                text.insert(at, text.substr(at, length));
                break;
            case 4: {
                const auto& other = any();
                text.insert(at, other.substr(below(other.size()), below(200)));
                break;
            }
            default:
                if (at < text.size()) text[at] = static_cast<char>(random_());
        }
    }

    const std::vector<std::string>& inputs_;
    std::mt19937_64 random_{4711};  // NOLINT(cert-msc32-c,cert-msc51-cpp): a test repeats itself
};

std::uint64_t run_changed(const Target& target, const std::vector<std::string>& inputs,
                          std::chrono::seconds limit) {
    using Clock = std::chrono::steady_clock;
    Changes changes(inputs);
    std::uint64_t count = 0;
    for (const auto end = Clock::now() + limit; Clock::now() < end; ++count)
        run(target, changes.next());
    return count;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE})
        std::signal(number, save_input);
    const auto seconds = argc > 2 ? parse_number<int>(argv[2]).value_or(0) : 0;
    std::printf("1..%zu\n", argc > 3 ? std::size_t{1} : std::size(kTargets));
    int number = 0;
    for (const auto& target : kTargets) {
        if (argc > 3 && std::string_view(argv[3]) != target.name) continue;
        const auto inputs = corpus_of(concat(argv[1], "/", target.name));
        for (const auto& input : inputs) run(target, input);
        const auto changed =
            inputs.empty() ? 0 : run_changed(target, inputs, std::chrono::seconds(seconds));
        // A target without inputs tests nothing.
        std::printf("%s %d - %s: %zu inputs, %ju changed\n", inputs.empty() ? "not ok" : "ok",
                    ++number, target.name, inputs.size(), static_cast<std::uintmax_t>(changed));
        std::fflush(stdout);
    }
    return 0;
}
