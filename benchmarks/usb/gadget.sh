# Makes a USB device in the guest whose bulk endpoints take and give as fast as they are asked.
set -e
modprobe -a dummy_hcd libcomposite usb_f_ss_lb
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
gadget=/sys/kernel/config/usb_gadget/bulk
mkdir $gadget
cd $gadget
echo 0x1209 >idVendor
echo 0x0003 >idProduct
mkdir strings/0x409 configs/c.1 functions/SourceSink.0
echo bulk >strings/0x409/product
ln -s functions/SourceSink.0 configs/c.1
ls /sys/class/udc | head -1 >UDC
udevadm settle
