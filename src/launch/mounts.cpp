// Room: launch. Mounts in a container that runs. The host process opens what is the host's; its
// child joins the container's namespaces, as root of them, works there, says how it went, and ends.
#include "cleat/launch/mounts.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <concepts>
#include <functional>
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/message.hpp"
#include "cleat/sys/process.hpp"
#include "cleat/sys/tree.hpp"
#include "clone.hpp"
#include "protocol.hpp"
#include "walk.hpp"

namespace cleat::launch {
namespace {

constexpr int kFailed = 1;

/// The steps of the host's list.
struct HostHands {
    kernel::Context& context;
    sys::ProcessIdentity container_init;

    Result<void> operator()(const plan::OpenContainer& step) const {
        context.slots.at(step.slot.index) = TRY(sys::open_pidfd(container_init));
        return {};
    }
    Result<void> operator()(const plan::MakeIdMapping& step) const {
        context.slots.at(step.slot.index) = TRY(make_id_mapping(step));
        return {};
    }
    Result<void> operator()(const plan::OpenSource& step) const {
        return kernel::apply(step, context);
    }
    template <class Other>
    Result<void> operator()(const Other&) const {
        return fail(ErrorKind::Internal, "a step that is none of mounts");
    }
};

/// The steps of the child's list: into the container, and mounts.
struct ChildHands {
    kernel::Context& context;

    template <class Step>
        requires(std::same_as<Step, plan::ProtectInit> || std::same_as<Step, plan::JoinContainer> ||
                 std::same_as<Step, plan::BecomeRoot> || std::same_as<Step, plan::BindMount> ||
                 std::same_as<Step, plan::MountFilesystem>)
    Result<void> operator()(const Step& step) const {
        return kernel::apply(step, context);
    }
    template <class Other>
    Result<void> operator()(const Other&) const {
        return fail(ErrorKind::Internal, "a step that is none of mounts");
    }
};

/// Last attached, first taken off.
void take_back(const kernel::Context& context, const std::vector<sys::Fd>& attached) noexcept {
    for (auto mount = attached.rbegin(); mount != attached.rend(); ++mount)
        static_cast<void>(sys::detach_mount(context.proc.get(), mount->get()));
}

Result<void> attach_all(const plan::Plan& plan, kernel::Context& context) {
    std::vector<sys::Fd> attached;
    context.attached = &attached;
    const ChildHands hands{context};
    auto done = walk(plan.init, hands);
    context.attached = nullptr;
    if (!done) take_back(context, attached);
    return done;
}

Result<sys::Fd> find_mount(const kernel::Context& context, const std::string& destination) {
    auto found = TRY(context.root.open_no_follow(destination.c_str(), O_PATH));
    // Unless a symlink itself is mounted, or covered.
    if (!TRY(sys::is_mount_root(found.get())))
        found = TRY(context.root.open(destination.c_str(), O_PATH));
    if (normal_path(destination) == "/")
        return fail(ErrorKind::InvalidArgument, "the root cannot be removed");
    if (TRY(sys::is_mount_root(found.get()))) return found;
    return fail(ErrorKind::State, "nothing is mounted there");
}

Error at_destination(Error error, const std::vector<std::string>& destinations, std::size_t index) {
    error = with_context(std::move(error), concat("unmount ", destinations[index]));
    error.pointer = concat("/", index);
    return error;
}

Result<void> detach_all(const kernel::Context& context,
                        const std::vector<std::string>& destinations) {
    std::vector<sys::Fd> mounts;
    for (std::size_t i = 0; i < destinations.size(); ++i) {
        auto found = find_mount(context, destinations[i]);
        if (!found) return std::unexpected(at_destination(found.error(), destinations, i));
        mounts.push_back(*std::move(found));
    }
    for (std::size_t i = 0; i < mounts.size(); ++i) {
        auto done = sys::detach_mount(context.proc.get(), mounts[i].get());
        if (!done) return std::unexpected(at_destination(done.error(), destinations, i));
    }
    return {};
}

using Work = std::function<Result<void>(kernel::Context& context)>;

Result<void> in_child(const plan::Plan& plan, const sys::ProcessIdentity& container_init,
                      const Work& work) {
    kernel::Context context;
    context.slots.resize(plan.slots);
    context.proc = TRY(sys::open_proc());
    const HostHands hands{.context = context, .container_init = container_init};
    TRY(walk(plan.host, hands));
    auto [own, its] = TRY(sys::seqpacket_pair());
    const auto child = TRY(clone_process({}));
    if (child.pid == 0) {
        own.reset();
        const auto done = work(context);
        if (!done) send_failure(its.get(), done.error());
        ::_exit(done ? 0 : kFailed);
    }
    its.reset();
    const auto said = receive(own.get());
    const int status = TRY(sys::wait_child(child.pid));
    if (!said) return std::unexpected(said.error());
    if (!said->end && said->message.kind == MessageKind::Failed)
        return std::unexpected(to_error(said->message));
    if (status != 0)
        return fail(ErrorKind::System, concat("the process that mounts ended with ", status));
    return {};
}

}  // namespace

Result<void> add_mounts(const plan::Plan& plan, const sys::ProcessIdentity& container_init) {
    return in_child(plan, container_init,
                    [&plan](kernel::Context& context) { return attach_all(plan, context); });
}

Result<void> remove_mounts(const plan::Plan& plan, const sys::ProcessIdentity& container_init,
                           const std::vector<std::string>& destinations) {
    return in_child(plan, container_init, [&](kernel::Context& context) -> Result<void> {
        const ChildHands hands{context};
        TRY(walk(plan.init, hands));
        return detach_all(context, destinations);
    });
}

}  // namespace cleat::launch
