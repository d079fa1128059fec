// Room: cli. What goes to standard output.
#include "output.hpp"

#include <unistd.h>

#include <algorithm>
#include <optional>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/process.hpp"

namespace cleat::cli {
namespace {

/// The arguments of a process with spaces between them, or its name in brackets (proc(5)).
std::string command_of(pid_t pid) {
    auto text = sys::read_text_at(sys::kHere, concat("/proc/", pid, "/cmdline").c_str());
    if (text && !text->empty()) {
        while (!text->empty() && text->back() == '\0') text->pop_back();
        std::ranges::replace_if(
            *text, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
        return *text;
    }
    auto name = sys::read_text_at(sys::kHere, concat("/proc/", pid, "/comm").c_str());
    if (!name) return "[?]";
    while (!name->empty() && name->back() == '\n') name->pop_back();
    return concat("[", *name, "]");
}

std::optional<std::vector<std::string>> process_row(pid_t pid) {
    const auto status = sys::process_stat(pid);
    const auto directory = sys::stat_at(sys::kHere, concat("/proc/", pid).c_str());
    if (!status || !directory) return std::nullopt;
    return std::vector<std::string>{lifecycle::user_name(directory->st_uid), concat(pid),
                                    concat(status->parent), command_of(pid)};
}

std::vector<std::string_view> words_of(std::string_view line) {
    auto words = split(line, ' ');
    std::erase(words, "");
    return words;
}

}  // namespace

Result<void> print(std::string_view text) {
    auto done = sys::write_all(STDOUT_FILENO, text);
    if (!done) return std::unexpected(with_context(std::move(done).error(), "standard output"));
    return done;
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
    constexpr std::size_t kGap = 3;
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size() + kGap);
    }
    std::string out;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i + 1 < row.size(); ++i)
            out += row[i] + std::string(widths[i] - row[i].size(), ' ');
        if (!row.empty()) out += row.back();
        out += '\n';
    }
    return out;
}

std::string list_table(const std::vector<lifecycle::View>& views) {
    std::vector<std::vector<std::string>> rows = {
        {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
    for (const auto& view : views) {
        if (!view.problem.empty()) continue;
        const bool stopped = view.status == lifecycle::Status::Stopped;
        rows.push_back({view.state.id, concat(stopped ? 0 : view.state.init.pid),
                        std::string(lifecycle::name_of(view.status)), view.state.bundle,
                        view.state.created, lifecycle::user_name(view.state.owner)});
    }
    return table(rows);
}

std::string list_json(const std::vector<lifecycle::View>& views) {
    std::vector<std::string> documents;
    for (const auto& view : views)
        if (view.problem.empty())
            documents.push_back(lifecycle::state_json(view, lifecycle::Layout::Line));
    return concat("[", join(documents, ","), "]\n");
}

std::string list_ids(const std::vector<lifecycle::View>& views) {
    std::string out;
    for (const auto& view : views)
        if (view.problem.empty()) out += concat(view.state.id, "\n");
    return out;
}

std::string process_table(const std::vector<pid_t>& pids) {
    std::vector<std::vector<std::string>> rows = {{"UID", "PID", "PPID", "CMD"}};
    for (const pid_t pid : pids)
        if (auto row = process_row(pid)) rows.push_back(*std::move(row));
    return table(rows);
}

Result<std::string> process_lines(std::string_view listing, const std::vector<pid_t>& pids) {
    const auto lines = split(listing, '\n');
    const auto names = words_of(lines.front());
    const auto column = std::ranges::find(names, "PID") - names.begin();
    if (column == std::ssize(names))
        return fail(ErrorKind::InvalidArgument, "ps(1) shows no column PID with these options");
    std::string out = concat(lines.front(), "\n");
    for (const auto line : lines) {
        const auto words = words_of(line);
        const auto pid = column < std::ssize(words)
                             ? parse_number<pid_t>(words[static_cast<std::size_t>(column)])
                             : std::nullopt;
        if (pid && std::ranges::find(pids, *pid) != pids.end()) out += concat(line, "\n");
    }
    return out;
}

std::string process_json(const std::vector<pid_t>& pids) {
    std::vector<std::string> texts;
    texts.reserve(pids.size());
    for (const pid_t pid : pids) texts.push_back(concat(pid));
    return concat("[", join(texts, ","), "]\n");
}

}  // namespace cleat::cli
