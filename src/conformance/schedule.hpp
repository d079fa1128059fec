// Room: conformance. Runs cases, several at a time, each in a process of its own (worker.cpp).
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "needs.hpp"
#include "spawn.hpp"
#include "verdict.hpp"

namespace cleat::conformance {

class Schedule {
 public:
    struct Settings {
        std::string directory;
        std::string probe;
        std::size_t parallel = 1;
        std::chrono::seconds limit{};
        void (*progress)(std::size_t done, std::size_t all, const std::string& what) = nullptr;
    };
    Schedule(Settings settings, std::vector<Row>& rows);

    /// All cases on one runtime; each row gets a verdict more. Errors: System, if no process can be
    /// made, or if a signal ends the whole.
    [[nodiscard]] Result<void> run(const Judged& runtime, const Circumstances& known);

 private:
    struct Running {
        std::size_t row = 0;
        pid_t pid = 0;
        std::string name;
        sys::Fd output;
        std::chrono::steady_clock::time_point begin;
    };
    [[nodiscard]] Result<void> start(std::size_t row, const Judged& runtime,
                                     const Circumstances& known);
    /// Takes the verdicts of those that have ended, or have taken too long.
    void collect();
    void finish(Running& one, Verdict verdict);
    void clean_up(const Running& one);

    Settings settings_;
    std::vector<Row>& rows_;
    std::vector<Running> running_;
    Children children_;
    Cgroups cgroups_ = Cgroups::look();
    std::size_t made_ = 0;
    std::size_t done_ = 0;
};

}  // namespace cleat::conformance
