// Room: cgroup. Reading back what a step is about to write, from files of a made-up cgroup.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>

#include <filesystem>

#include "cleat/base/text.hpp"
#include "cleat/cgroup/cgroup.hpp"
#include "cleat/sys/files.hpp"

using namespace cleat;
using namespace cleat::cgroup;

namespace {

class MadeUp {
 public:
    MadeUp() {
        REQUIRE(::mkdtemp(top_.data()) != nullptr);
        REQUIRE(sys::make_directory_at(sys::kHere, (top_ + "/c").c_str(), 0700));
    }
    MadeUp(const MadeUp&) = delete;
    MadeUp& operator=(const MadeUp&) = delete;
    ~MadeUp() { std::filesystem::remove_all(top_); }

    void put(const std::string& file, std::string_view text) const {
        REQUIRE(sys::replace_file_at(sys::kHere, concat(top_, "/c/", file).c_str(), text, 0600));
    }
    [[nodiscard]] std::string text(const std::string& file) const {
        return sys::read_text_at(sys::kHere, concat(top_, "/c/", file).c_str()).value_or("");
    }
    [[nodiscard]] Directories directories() const {
        return {{.controllers = {"cpu", "io", "memory"},
                 .mountpoint = top_,
                 .path = "/c",
                 .unified = true}};
    }

 private:
    std::string top_ = "/tmp/cleat-cgroup-XXXXXX";
};

std::string back(const MadeUp& cgroup, const std::string& file, const std::string& value) {
    const auto step = current({.cgroup = 0, .file = file, .value = value}, cgroup.directories());
    return step ? step->value : "nothing";
}

}  // namespace

TEST_CASE("what a file holds is what takes a write back") {
    const MadeUp cgroup;
    cgroup.put("cpu.max", "max 100000\n");
    cgroup.put("io.weight", "default 100\n8:0 50\n");
    cgroup.put("io.max", "8:0 rbps=5 wbps=max riops=max wiops=max\n8:16 rbps=7\n");
    cgroup.put("blkio.throttle.read_bps_device", "8:0 600\n");
    cgroup.put("memory.oom_control", "oom_kill_disable 1\nunder_oom 0\n");
    CHECK(back(cgroup, "cpu.max", "5000 10000") == "max 100000");
    CHECK(back(cgroup, "io.weight", "200") == "default 100");
    CHECK(back(cgroup, "io.weight", "8:0 200") == "8:0 50");
    CHECK(back(cgroup, "io.weight", "8:1 200") == "8:1 default");
    CHECK(back(cgroup, "io.max", "8:0 rbps=9") == "8:0 rbps=5 wbps=max riops=max wiops=max");
    CHECK(back(cgroup, "io.max", "8:1 rbps=9") == "8:1 rbps=max wbps=max riops=max wiops=max");
    CHECK(back(cgroup, "blkio.throttle.read_bps_device", "8:0 9") == "8:0 600");
    CHECK(back(cgroup, "blkio.throttle.read_bps_device", "8:16 9") == "8:16 0");
    CHECK(back(cgroup, "memory.oom_control", "0") == "1");
    CHECK(back(cgroup, "pids.max", "7") == "nothing");
}

TEST_CASE("a write may keep the first word of a file") {
    const MadeUp cgroup;
    cgroup.put("cpu.max", "20000 100000\n");
    CHECK(cgroup::apply(plan::WriteCgroup{.cgroup = 0,
                                          .file = "cpu.max",
                                          .value = "50000",
                                          .on_failure = plan::OnFailure::Refuse,
                                          .usage_file = {},
                                          .keeps_first = true},
                        cgroup.directories()));
    CHECK(cgroup.text("cpu.max").starts_with("20000 50000"));
}

TEST_CASE("a limit below what is used is refused where that was asked for") {
    const MadeUp cgroup;
    cgroup.put("memory.max", "max\n");
    cgroup.put("memory.current", "5000\n");
    plan::WriteCgroup step{.cgroup = 0,
                           .file = "memory.max",
                           .value = "4999",
                           .on_failure = plan::OnFailure::Refuse,
                           .usage_file = "memory.current"};
    CHECK_FALSE(cgroup::apply(step, cgroup.directories()));
    CHECK(cgroup.text("memory.max") == "max\n");
    step.value = "5000";
    CHECK(cgroup::apply(step, cgroup.directories()));
    step.value = "4999";
    step.usage_file.clear();
    CHECK(cgroup::apply(step, cgroup.directories()));
}
